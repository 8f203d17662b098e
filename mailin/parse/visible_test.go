package parse

import (
	"strings"
	"testing"
)

// visible is the new words alone.
func visible(text string, forward bool) string {
	words, _ := newWords(text, forward)
	return words
}

func TestVisible(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no quote at all", "Hello,\n\nplease help.\n\nKim", "Hello,\n\nplease help.\n\nKim"},
		{"English", "Yes\n\nOn Mon, 2 Nov 2026 at 10:00, Kim <kim@cust.example> wrote:\n> q", "Yes"},
		{"German", "Ja\n\nAm Mo., 2. Nov. 2026 um 10:00 Uhr schrieb Kim <kim@cust.example>:\n> q", "Ja"},
		{"French", "Oui\n\nLe lun. 2 nov. 2026 à 10:00, Kim <kim@cust.example> a écrit :\n> q", "Oui"},
		{"Spanish", "Sí\n\nEl lun, 2 nov 2026 a las 10:00, Kim (<kim@cust.example>) escribió:\n> q", "Sí"},
		{"Italian", "Sì\n\nIl giorno lun 2 nov 2026 alle ore 10:00 Kim <kim@cust.example> ha scritto:\n> q", "Sì"},
		{"Dutch", "Ja\n\nOp ma 2 nov 2026 om 10:00 schreef Kim <kim@cust.example>:\n> q", "Ja"},
		{"Russian", "Да\n\nпн, 2 нояб. 2026 г. в 10:00, Kim <kim@cust.example>:\n> q", "Да"},
		{"Russian, with a verb", "Да\n\n02.11.2026 10:00, Kim пишет:\n> q", "Да"},
		{"Polish", "Tak\n\nW dniu 2.11.2026 o 10:00, Kim pisze:\n> q", "Tak"},
		{"Polish, Gmail", "Tak\n\npon., 2 lis 2026 o 10:00 Kim <kim@cust.example> napisał(a):\n> q", "Tak"},
		{"Portuguese", "Sim\n\nEm seg., 2 de nov. de 2026 às 10:00, Kim <kim@cust.example> escreveu:\n> q", "Sim"},
		{"Swedish", "Ja\n\nDen mån 2 nov. 2026 kl 10:00 skrev Kim <kim@cust.example>:\n> q", "Ja"},
		{"Czech", "Ano\n\nDne po 2. 11. 2026 v 10:00 Kim <kim@cust.example> napsal:\n> q", "Ano"},
		{"Danish", "Ja\n\nDen man. 2. nov. 2026 kl. 10.00 skrev Kim <kim@cust.example>:\n> q", "Ja"},
		{"Japanese", "はい\n\n2026年11月2日(月) 10:00 Kim <kim@cust.example>:\n> q", "はい"},
		{"Chinese", "是\n\nKim <kim@cust.example> 于2026年11月2日周一 10:00写道：\n> q", "是"},
		{"Outlook in German", "Ja\n\nVon: Kim\nGesendet: Montag, 2. November 2026 10:00\nAn: Support\nBetreff: AW: x\n\nquoted", "Ja"},
		{"Outlook in Portuguese", "Sim\n\nDe: Kim\nEnviado: segunda-feira, 2 de novembro de 2026 10:00\nPara: Support\nAssunto: RE: x\n\nquoted", "Sim"},
		{"Outlook in Czech", "Ano\n\nOd: Kim\nOdesláno: pondělí 2. listopadu 2026 10:00\nKomu: Support\nPředmět: RE: x\n\nquoted", "Ano"},
		{"Outlook in Swedish", "Ja\n\nFrån: Kim\nSkickat: den 2 november 2026 10:00\nTill: Support\nÄmne: SV: x\n\nquoted", "Ja"},
		{"Outlook in Danish", "Ja\n\nFra: Kim\nSendt: 2. november 2026 10:00\nTil: Support\nEmne: SV: x\n\nquoted", "Ja"},
		{"Outlook in Japanese", "はい\n\n差出人: Kim\n送信日時: 2026年11月2日 10:00\n宛先: Support\n件名: RE: x\n\nquoted", "はい"},
		{"Outlook in Chinese", "是\n\n发件人: Kim\n发送时间: 2026年11月2日 10:00\n收件人: Support\n主题: RE: x\n\nquoted", "是"},
		{"an attribution over three lines", "Yes\n\nOn Mon, 2 Nov 2026 at 10:00,\nKim Example\n<kim@cust.example> wrote:\n> q", "Yes"},
		{"an attribution without marked lines", "Yes\n\nOn Mon, 2 Nov 2026 at 10:00, Kim <kim@cust.example> wrote:\n\nquoted\nmore", "Yes"},
		{"an address between blank lines", "Yes\n\nOn Mon, 2 Nov 2026 at 10:00 AM Kim Lee\n\n<\nmailto:Kim <kim@cust.example>\n> wrote:\nquoted", "Yes"},
		{"a date, a blank line, and no address", "On Monday at 10:00 in 2026 it failed.\n\nThe manual then wrote:\nnothing", "On Monday at 10:00 in 2026 it failed.\n\nThe manual then wrote:\nnothing"},
		{"a link that lost its mark", "Yes\n> see\n (https://a.example/x) >\n> more", "Yes"},
		{"a link that was cut in two", "Yes\n> see (https://a.example/action\n_nonce=1)\n> more", "Yes"},
		{"a link for an answer", "> where?\nhttps://a.example/x\n> when?", "https://a.example/x"},
		{"Outlook in English", "Yes\n\nFrom: Kim\nSent: Monday, 2 November 2026 10:00\nTo: Support\nSubject: RE: x\n\nquoted", "Yes"},
		{"Outlook in French", "Oui\n\nDe : Kim\nEnvoyé : lundi 2 novembre 2026 10:00\nÀ : Support\nObjet : RE: x\n\nquoted", "Oui"},
		{"Outlook in Spanish", "Sí\n\nDe: Kim\nEnviado: lunes, 2 de noviembre de 2026 10:00\nPara: Support\nAsunto: RE: x\n\nquoted", "Sí"},
		{"Outlook in Italian", "Sì\n\nDa: Kim\nInviato: lunedì 2 novembre 2026 10:00\nA: Support\nOggetto: R: x\n\nquoted", "Sì"},
		{"Outlook in Dutch", "Ja\n\nVan: Kim\nVerzonden: maandag 2 november 2026 10:00\nAan: Support\nOnderwerp: RE: x\n\nquoted", "Ja"},
		{"Outlook in Russian", "Да\n\nОт: Kim\nОтправлено: 2 ноября 2026 г. 10:00\nКому: Support\nТема: RE: x\n\nquoted", "Да"},
		{"Outlook in Polish", "Tak\n\nOd: Kim\nWysłano: poniedziałek, 2 listopada 2026 10:00\nDo: Support\nTemat: RE: x\n\nquoted", "Tak"},
		{"bold marks in the block", "Yes\n\n*From:* Kim\n*Sent:* Monday 10:00\n*To:* Support\n*Subject:* x\n\nquoted", "Yes"},
		{"a line above the block", "Yes\n________________________________\nFrom: Kim\nSent: Monday 10:00\nTo: Support\nSubject: x\n\nquoted", "Yes"},
		{"a separator", "Yes\n\n-----Original Message-----\nFrom: Kim\nquoted", "Yes"},
		{"a separator in German", "Ja\n\n-----Ursprüngliche Nachricht-----\nVon: Kim\nquoted", "Ja"},
		{"a sentence about one's own writing", "Guten Tag,\n\nam 4. Juli 2026 um 17:45 schrieb ich Ihnen wegen der Rechnung:\nkeine Antwort.", "Guten Tag,\n\nam 4. Juli 2026 um 17:45 schrieb ich Ihnen wegen der Rechnung:\nkeine Antwort."},
		{"the same in French", "Le 4 juillet à 17:45 j'ai écrit à votre collègue :\nrien.", "Le 4 juillet à 17:45 j'ai écrit à votre collègue :\nrien."},
		{"what somebody wrote, in a sentence", "Lee wrote on Monday at 10:00 that it is done:\nis it?", "Lee wrote on Monday at 10:00 that it is done:\nis it?"},
		{"a journey is no header", "Trip\nFrom: Berlin\nTo: Hamburg\nDate: 04.07.2026\nPlease book.", "Trip\nFrom: Berlin\nTo: Hamburg\nDate: 04.07.2026\nPlease book."},
		{"a rule before the end of a letter is no signature", "First part.\n\n__________\n\nSecond part.\n\nBest regards,\nKim\n\nOn July 4, 2026, Lee wrote:\n> q", "First part.\n\n__________\n\nSecond part.\n\nBest regards,\nKim"},
		{"words before a shared attribution of another form", "Yes, done. On 4 July 2026 at 10:00 lee@cust.example wrote:\n> q", "Yes, done."},
		{"Gmail in Russian", "Да\n\nср, 4 нояб. 2026 г. в 15:19, Kim <kim@cust.example>:\n\nquoted", "Да"},
		{"Mail.ru", "Да\n\nСреда, 4 ноября 2026, 15:19 +03:00 от Kim <kim@cust.example>:\n\nquoted", "Да"},
		{"Gmail in Japanese", "はい\n\n2026年11月4日(水) 15:19 Kim <kim@cust.example>:\n\nquoted", "はい"},
		{"Yahoo in German", "Ja\n\nAm Mittwoch, 4. November 2026 um 15:19:00 MEZ hat Kim <kim@cust.example> Folgendes geschrieben:\n\nquoted", "Ja"},
		{"Gmail in Slovak", "Áno\n\nst 4. 11. 2026 o 15:19 Kim <kim@cust.example> napísal(a):\n\nquoted", "Áno"},
		{"Gmail in Catalan", "Sí\n\nMissatge de Kim <kim@cust.example> del dia dc., 4 de nov. 2026 a les 15:19:\n\nquoted", "Sí"},
		{"Gmail in Hebrew", "כן\n\n\u202bבתאריך יום ד׳, 4 בנוב׳ 2026 ב-15:19 מאת \u202aKim\u202c\u200f <\u202akim@cust.example\u202c\u200f>:\u202c\n\nquoted", "כן"},
		{"Gmail in Estonian", "Jah\n\nKim (<kim@cust.example>) kirjutas kuupäeval K, 4. november 2026 kell 15:19:\n\nquoted", "Jah"},
		{"Gmail in Indonesian", "Ya\n\nPada Rab, 4 Nov 2026 15.19, Kim <kim@cust.example> menulis:\n\nquoted", "Ya"},
		{"Outlook in Slovak", "Áno\n\nOd: Kim\nOdoslané: streda 4. novembra 2026 15:19\nKomu: Support\nPredmet: RE: x\n\nquoted", "Áno"},
		{"Outlook in Croatian", "Da\n\nŠalje: Kim\nPoslano: srijeda, 4. studenoga 2026. 15:19\nPrima: Support\nPredmet: RE: x\n\nquoted", "Da"},
		{"Outlook for a telephone in Dutch", "Ja\n\nOutlook voor Android downloaden<https://aka.ms/x>", "Ja"},
		{"Outlook for a telephone in Swedish", "Ja\n\nHämta Outlook för iOS<https://aka.ms/x>", "Ja"},
		{"a telephone in Chinese", "好\n\n发自我的 iPhone", "好"},
		{"a telephone in Turkish", "Evet\n\niPhone'umdan gönderildi", "Evet"},
		{"a telephone in Hungarian", "Igen\n\nAz iPhone-omról küldve", "Igen"},
		{"a telephone in Greek", "Ναι\n\nΣτάλθηκε από το iPhone μου", "Ναι"},
		{"a mark that cannot be seen", "Yes\n\n\u2063Get BlueMail for Android \u200b", "Yes"},
		{"answers between quotes", "> one?\nfirst\n> two?\nsecond", "first\nsecond"},
		{"an answer below", "On 2026-11-02 10:00, Kim wrote:\n> q\n> q\n\nAnswer", "Answer"},
		{"a marked signature", "Text\n\n-- \nKim\nExample GmbH", "Text"},
		{"a signature above the quote, text below", "Text\n\n-- \nKim\n\n> q\n\nMore", "Text\n\nMore"},
		{"a mark at the beginning is none", "--\nfirst words", "--\nfirst words"},
		{"a rule before a long text is no signature", "Intro\n--\n" + strings.Repeat("line of the text\n", 40), "Intro\n--\n" + strings.TrimSuffix(strings.Repeat("line of the text\n", 40), "\n")},
		{"a list's footer", "Text\n_______________________________________________\ntalk mailing list", "Text"},
		{"a device's footer", "Text\n\nSent from my iPhone", "Text"},
		{"a device's footer in German", "Text\n\nVon meinem iPhone gesendet", "Text"},
		{"a device's footer in Polish", "Text\n\nWysłane z iPhone'a", "Text"},
		{"Outlook for a telephone", "Text\n\nGet Outlook for Android<https://aka.ms/x>", "Text"},
		{"greetings stay", "Text\n\nBest regards\nKim", "Text\n\nBest regards\nKim"},
		{"a sentence about who wrote", "Your colleague wrote:\nplease send logs.\nHere they are.", "Your colleague wrote:\nplease send logs.\nHere they are."},
		{"one field of a header in a sentence", "From: the north\nit is cold", "From: the north\nit is cold"},
		{"a sentence that ends in a colon", "On Monday at 10:00 I saw this:\nerror 500", "On Monday at 10:00 I saw this:\nerror 500"},
		{"a log is no quote", "2026-11-02 10:00:01 started\n2026-11-02 10:00:02 failed: disk full", "2026-11-02 10:00:01 started\n2026-11-02 10:00:02 failed: disk full"},
		{"commands stay", "/spent 45m\n/resolve\n\nDone.", "/spent 45m\n/resolve\n\nDone."},
		{"only a quote", "On 2026-11-02 10:00, Kim wrote:\n> /close", ""},
		{"only an unmarked quote", "From: Kim\nSent: Monday 10:00\nTo: Support\nSubject: x\n\n/close", ""},
		{"new words and the attribution on one line", "yes On Wed, Nov 4, 2026 at 3:59 PM, kim@cust.example wrote:\n> q", "yes"},
		{"Tuta", "Ja\n\n2. Nov. 2026, 10:00 von kim@cust.example:\n\nquoted", "Ja"},
		{"FairEmail", "Yes\n\nNov 2, 2026 10:00:00 AM Kim <kim@cust.example>:\n\nquoted", "Yes"},
		{"times and addresses are no attributions", "These bounced:\n\n02.11.2026 10:00 lee@desk.example\n02.11.2026 10:01 pat@desk.example\n\nWhy?", "These bounced:\n\n02.11.2026 10:00 lee@desk.example\n02.11.2026 10:01 pat@desk.example\n\nWhy?"},
		{"Evolution in Czech", "Ano\n\nKim Lee píše v Po 02. 11. 2026 v 10:00 +0100:\n\nquoted", "Ano"},
		{"Yahoo in Japanese", "はい\n\n2026年11月2日月曜日 10:00:00 JST、Kim<kim@cust.example>のメール:\n\nquoted", "はい"},
		{"Gmail in Icelandic", "Já\n\nÞann mán., 2. nóv. 2026 kl. 10:00 skrifaði Kim <kim@cust.example>:\n\nquoted", "Já"},
		{"Zoho in Russian, over two lines", "Да\n\n---- В пн, 02 нояб. 2026 10:00:00 +0300 Kim\nLee <kim@cust.example> написал ----\n\nquoted", "Да"},
		{"Zoho in German", "Ja\n\n---- Am Mo, 02 Nov 2026 10:00:00 +0100 schrieb Kim <kim@cust.example> ----\n\nquoted", "Ja"},
		{"Lotus Notes", "Ja\n\n-----Kim Lee/Cust schrieb: -----\nAn: support@desk.example\nVon: Kim Lee/Cust\nDatum: 02.11.2026 10:00\nBetreff: x\n\nquoted", "Ja"},
		{"Lotus Notes with the subject", "Yes\n\nKim Lee ---11/02/2026 10:00:26 AM---Does it print?\n\nFrom: Kim Lee/Cust\nTo: Support\nDate: 11/02/2026 10:00 AM\nSubject: x\n\nquoted", "Yes"},
		{"BlackBerry", "Yes\n\n  Original Message  \nFrom: Kim\nSent: Monday, November 2, 2026 10:00 AM\nTo: support@desk.example\nSubject: x\n\nquoted", "Yes"},
		{"words of a separator alone", "It shows\n\n  Original Message\n\nand then it stops.", "It shows\n\n  Original Message\n\nand then it stops."},
		{"Proton's dashes", "Yes\n\n‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nquoted", "Yes"},
		{"QQ", "是\n\n------------------ Original ------------------\nFrom: Kim\nquoted", "是"},
		{"a patch", "Try this:\n\n--- original\n+++ new\n@@ -1 +1 @@\n-a\n+b\n\nDone.", "Try this:\n\n--- original\n+++ new\n@@ -1 +1 @@\n-a\n+b\n\nDone."},
		{"a separator with the block behind it", "Sí\n\n-------- Mensaje original --------De: Kim <kim@cust.example> Fecha: 2/11/26 10:00 Para: x Asunto: y\nquoted", "Sí"},
		{"a block on one line", "Yes\n\nFrom: Kim <kim@cust.example> Sent: Monday, November 2, 2026 10:00 AM To: x Subject: y\n\nquoted", "Yes"},
		{"NetEase", "是\n\n---- 回复的原邮件 ----\n| 发件人 | Kim<kim@cust.example> |\n| 日期 | 2026年11月02日 10:00 |\n\nquoted", "是"},
		{"Yandex", "Да\n\n----------------\nКому: support (support@desk.example);\nТема: x;\n02.11.2026, 10:00, \"Kim\" <kim@cust.example>:\nquoted", "Да"},
		{"Orange", "Oui\n\nMessage du 02/11/26 10:00\nDe : \"Kim\" <kim@cust.example>\nA : x@desk.example\nObjet : y\n\nquoted", "Oui"},
		{"GroupWise", "Yes\n\n>>> Kim Lee <kim@cust.example> 11/2/2026 10:00 AM >>>\nquoted\nmore", "Yes"},
		{"a deep quote with an answer below", "> > > On 2 Nov 2026 at 10:00, Kim wrote:\nyes\n>>> which?\n2.1", "yes\n2.1"},
		{"a line above a quote", "Yes\n\n----------\n> quoted", "Yes"},
		{"initials as marks", "Hello,\n\nMonday, November 2, 2026, 10:00:00 AM, you wrote:\n\nKL> does it print?\n\nYes.\n\nKL> which version?\n\n2.1", "Hello,\n\nYes.\n\n2.1"},
		{"names as marks", ">>>>> \"Kim\" == Kim Lee <kim@cust.example> writes:\n\n    Kim> does it print?\n\nYes.", "Yes."},
		{"bars as marks", "On 2 Nov 2026 at 10:00, Kim <kim@cust.example> wrote:\n\n| does it print?\n| which version?\n\nYes.", "Yes."},
		{"prompts are no marks", "It says\n\nmysql> select 1;\nmysql> quit\n\nIs that right?", "It says\n\nmysql> select 1;\nmysql> quit\n\nIs that right?"},
		{"a table", "Sizes:\n\n| name | size |\n|------|------|\n| a    | 1    |\n\nOK?", "Sizes:\n\n| name | size |\n|------|------|\n| a    | 1    |\n\nOK?"},
		{"wide marks", "はい\n\n＞ quoted", "はい"},
		{"a help desk's line", "Yes\n\n##- Please type your reply above this line -##\n\nYour request (1) has changed.", "Yes"},
		{"a help desk's line in French", "Oui\n\n##- Veuillez saisir votre réponse au-dessus de cette ligne -##\n\nquoted", "Oui"},
		{"a help desk's line below another", "Yes\n\n—-—-—-—\nReply above this line.\n\nquoted", "Yes"},
		{"words below a help desk's line", "##- Please type your reply above this line -##\n\nYes", "Yes"},
		{"about a help desk's line", "It says \"Please type your reply above this line\". Where?\n\nPlease type your reply above this line\n\nis all.", "It says \"Please type your reply above this line\". Where?\n\nPlease type your reply above this line\n\nis all."},
		{"a list's footer below dashes", "Yes\n\n---------------------------------\nTo unsubscribe, e-mail: talk-unsubscribe@lists.example\nFor additional commands, e-mail: talk-help@lists.example", "Yes"},
		{"a list's footer by its link alone", "Yes\n-----------------\ntalk mailing list\ntalk@lists.example\nhttps://lists.example/listinfo/talk", "Yes"},
		{"a list's footer of groups.io", "Yes\n\n-=-=-=-=-=-=-\nGroups.io Links: You receive all messages sent to this group.\nGroup Owner: x\n-=-=-=-=-=-=-", "Yes"},
		{"a list's footer above a quote", "Yes\n\n####\n\nTo unsubscribe from the TALK list, click the following link:\nhttps://lists.example/x\n\n> quoted\n\nMore", "Yes\n\nMore"},
		{"about a list's footer", "Hello,\n---\nTo unsubscribe I clicked https://lists.example/unsubscribe, it says error 500.\nPlease help.", "Hello,\n---\nTo unsubscribe I clicked https://lists.example/unsubscribe, it says error 500.\nPlease help."},
		{"a rule before questions is no signature", "Questions\n_____\n1. Where is it?\n2. When does it come?", "Questions\n_____\n1. Where is it?\n2. When does it come?"},
		{"a journey with a time", "Please book:\n\nFrom: Berlin\nTo: Hamburg\nDate: 02.11.2026 10:00\n\nThank you", "Please book:\n\nFrom: Berlin\nTo: Hamburg\nDate: 02.11.2026 10:00\n\nThank you"},
		{"a form", "Name: Kim\nDate: 2026-11-02 10:00\nSubject: Printer\nFrom: Berlin\n\nplease call", "Name: Kim\nDate: 2026-11-02 10:00\nSubject: Printer\nFrom: Berlin\n\nplease call"},
		{"what one wrote oneself", "On 2 November 2026 at 10:00 we wrote to you:\n\n\"please cancel\"\n\nNo answer.", "On 2 November 2026 at 10:00 we wrote to you:\n\n\"please cancel\"\n\nNo answer."},
		{"the same in German", "Am 2. November 2026 um 10:00 schrieben wir Ihnen:\n\nbitte kündigen", "Am 2. November 2026 um 10:00 schrieben wir Ihnen:\n\nbitte kündigen"},
		{"the same in Russian", "2 ноября 2026 г. в 10:00 мы написали вам:\n\nотмените", "2 ноября 2026 г. в 10:00 мы написали вам:\n\nотмените"},
		{"what a colleague wrote", "Guten Tag,\n\nam 02.11.2026 schrieb Ihr Kollege Lee:\nEs ist defekt.", "Guten Tag,\n\nam 02.11.2026 schrieb Ihr Kollege Lee:\nEs ist defekt."},
		{"what a colleague wrote, in Spanish", "El 2 de noviembre de 2026 su colega me escribió:\nmañana", "El 2 de noviembre de 2026 su colega me escribió:\nmañana"},
		{"a sender's name that is a sentence", "Yes\n\nOn Mon, 2 Nov 2026 at 10:00, We Print For You <kim@cust.example> wrote:\n\nquoted", "Yes"},
		{"what a program wrote", "On 02.11.2026 at 10:00 the job wrote this file:\n\na.txt", "On 02.11.2026 at 10:00 the job wrote this file:\n\na.txt"},
		{"new words on the line of the attribution", "Ja, bitte. Am Mo., 2. Nov. 2026 um 10:00 Uhr schrieb Kim <kim@cust.example>:\n> q", "Ja, bitte."},
		{"new words right before the attribution", "Yes, please.On Mon, Nov 2, 2026 at 10:00 AM Kim <kim@cust.example>\nwrote:\n> q", "Yes, please."},
		{"new words on the line of the separator", "Yes, please. -----Original Message-----\nFrom: Kim\nq", "Yes, please."},
		{"new words on the line of the block", "Yes, please. From: Kim <kim@cust.example>\nSent: Monday, November 2, 2026 10:00 AM\nTo: x\nSubject: y\n\nq", "Yes, please."},
		{"a date in the line above the attribution", "It broke on 2.11.2026\nOn Mon, 2 Nov 2026 at 10:00, Kim Lee\n<kim@cust.example> wrote:\n> q", "It broke on 2.11.2026"},
		{"the same in Russian", "Сломалось 2.11.2026\nпн, 2 нояб. 2026 г. в 10:00, Kim <kim@cust.example>:\n\nq", "Сломалось 2.11.2026"},
		{"an attribution of two lines, each of them one", "On Mon, 2 Nov 2026 10:00:00 +0100\nKim <kim@cust.example> wrote:\n\n> q\n\nYes", "Yes"},
		{"what it said", "It said at 10:15:\nerror 5", "It said at 10:15:\nerror 5"},
		{"a sentence above an answer", "My answers are below, dated 2.11.2026:\n\n> one?\n\nyes", "My answers are below, dated 2.11.2026:\n\nyes"},
		{"a card", "From: Kim Lee\nTo: Pat Lee\nSubject: Happy birthday\n\nPlease print this.", "From: Kim Lee\nTo: Pat Lee\nSubject: Happy birthday\n\nPlease print this."},
		{"a date of an unknown name", "Yes\n\nFrom: Kim\nXx: Monday, November 2, 2026 10:00 AM\nTo: x\nSubject: y\n\nq", "Yes"},
		{"notmuch", "Quoting Kim Lee (2026-11-02 10:00:00)\n> q\n\nYes", "Yes"},
		{"dashes and what somebody wrote", "---- Lee wrote this number: 5 ----\n\nIs that the one?", "---- Lee wrote this number: 5 ----\n\nIs that the one?"},
		{"a forwarded mail in Czech", "Přeposlaná zpráva:\nFrom: Kim <kim@cust.example>\nDate: Mon, 2 Nov 2026 10:00\nTo: x\n\nq", "Přeposlaná zpráva:\nFrom: Kim <kim@cust.example>\nDate: Mon, 2 Nov 2026 10:00\nTo: x\n\nq"},
		{"about forwarding", "Please forward it to:\nlee@desk.example\n\nYes\n\nOn Mon, 2 Nov 2026 at 10:00, Kim <kim@cust.example> wrote:\n\nq", "Please forward it to:\nlee@desk.example\n\nYes"},
		{"Yandex with the time first", "Да\n\n10:00, 2 ноября 2026 г., \"Kim\" <kim@cust.example>:\n\nq", "Да"},
		{"Mail.ru in English", "Yes\n\nMonday, November 2, 2026 10:00 AM +03:00 from Kim <kim@cust.example>:\n\nq", "Yes"},
		{"Claws in Polish", "Tak\n\nDnia 2026-11-02, o godz. 10:00:\n \"Kim\" <kim@cust.example> napisał:\n\n> q", "Tak"},
		{"a link that was broken in the attribution", "Yes\n\nOn Mon, Nov 2, 2026 at 10:00 AM Kim <kim@cust.example<mailto:\nkim@cust.example>> wrote:\n\nq", "Yes"},
		{"an address that was broken in the attribution", "Yes\n\n2026-11-02 10:00 GMT+01:00 Kim Lee <\nkim@cust.example>:\n\nq", "Yes"},
		{"footers one below another", "Yes\n\nSent from my toaster\nSent from my iPhone", "Yes"},
		{"times first are no attribution", "10:00, 2 November 2026, kim@cust.example was there:\n\nall fine", "10:00, 2 November 2026, kim@cust.example was there:\n\nall fine"},
		{"an answer in small letters below a long quoted line", "> does it print when you connect the cable to the second port of the computer\nyes it does\n> and without?\nno", "yes it does\nno"},
		{"a list about a line", "* type the text above this line, then press enter\n* it beeps", "* type the text above this line, then press enter\n* it beeps"},
		{"what a colleague with an address wrote", "Your colleague Lee <lee@desk.example> wrote on 2 November 2026 at 10:00:\n\nIt will come.", "Your colleague Lee <lee@desk.example> wrote on 2 November 2026 at 10:00:\n\nIt will come."},
		{"a wish below dashes", "Please take me off.\n-----\nUnsubscribe: kim@cust.example\n\nKim Lee", "Please take me off.\n-----\nUnsubscribe: kim@cust.example\n\nKim Lee"},
		{"empty", "", ""},
	} {
		if got := visible(c.text, false); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	forwarded := "From: Kim\nSent: Monday 10:00\nTo: Support\nSubject: x\n\nThe mail itself"
	if got := visible(forwarded, true); got != forwarded {
		t.Errorf("a forwarded mail without own words: got %q", got)
	}
}

func TestHTMLText(t *testing.T) {
	for _, c := range []struct{ name, markup, want string }{
		{"blocks", "<div>a</div><div>b</div>", "a\nb"},
		{"paragraphs", "<p>a</p><p>b</p>", "a\n\nb"},
		{"an empty line", "<div>a</div><div><br></div><div>b</div>", "a\n\nb"},
		{"a break before the end of a block", "<div>a<br></div><div>b</div>", "a\nb"},
		{"white space", "a \n\t b<b> c</b>d", "a b cd"},
		{"entities", "1 &lt; 2 &amp;&nbsp;3", "1 < 2 & 3"},
		{"layout tables", "<table><tr><td><table><tr><td>a</td></tr></table></td><td>b</td></tr></table>", "a\nb"},
		{"hidden words", "<p>a</p><p style='display: none'>b</p><p hidden>c</p><span style='font-size:0px'>d</span>", "a"},
		{"a quote", "<p>a</p><blockquote type=cite>b<br>c</blockquote><p>d</p>", "a\n\n> b\n> c\n\nd"},
		{"an indented text is no quote", "<p>a</p><blockquote style='margin:0 0 0 40px'>b</blockquote>", "a\n\nb"},
		{"quotes in quotes", "<blockquote type=cite>a<blockquote type=cite>b</blockquote></blockquote>", "> a\n>\n> > b"},
		{"Outlook's reply", "<p>a</p><div id='divRplyFwdMsg'>From: b</div><div>c</div>", "a\n\n> From: b\n> c"},
		{"Outlook's reply with nothing above", "<div id='divRplyFwdMsg'>From: b</div><div>c</div>", "From: b\nc"},
		{"Yahoo's reply", "<div>a</div><div class='yahoo_quoted'><div>On Monday b wrote:</div><div>c</div></div>", "a\n> On Monday b wrote:\n> c"},
		{"Gmail's signature", "<div>a</div><div class='gmail_signature'>Kim</div>", "a\n--\nKim"},
		{"Outlook for a telephone in any language", "<p>a</p><div id='mail-editor-reference-message-container'><div>Xx: b</div><div>c</div></div>", "a\n\n> Xx: b\n> c"},
		{"Outlook of old", "<p>a</p><div class=OutlookMessageHeader><b>Xx:</b> b</div><p>c</p>", "a\n\n> Xx: b\n>\n> c"},
		{"Word's reply", "<p>a</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p><b>From:</b> b</p></div><p>c</p>", "a\n\n> From: b\n>\n> c"},
		{"a line drawn in Word", "<p>a</p><div style='border:none;border-top:solid windowtext 1.0pt'><p>b</p></div><p>c</p>", "a\n\nb\n\nc"},
		{"Roundcube's reply with words below", "<p>a</p><p id='reply-intro'>On Monday b wrote:</p><blockquote type=cite>c</blockquote><p>d</p>", "a\n\n> On Monday b wrote:\n>\n> c\n\nd"},
		{"Zoho's reply", "<div>a</div><div class='zmail_extra'><div>---- Xx b xx ----</div><div>c</div></div>", "a\n> ---- Xx b xx ----\n> c"},
		{"Zoho's forwarded mail", "<div>a</div><div class='zmail_extra'><div>==== Forwarded message ====</div><div>c</div></div>", "a\n==== Forwarded message ====\nc"},
		{"Proton's reply", "<div>a</div><div class=protonmail_quote>On Monday b wrote:<blockquote class=protonmail_quote>c</blockquote><br></div>", "a\n> On Monday b wrote:\n>\n> > c"},
		{"Proton's reply with words between the lines", "<div class=protonmail_quote>On Monday b wrote:<blockquote class=protonmail_quote>c</blockquote><div>d</div><blockquote class=protonmail_quote>e</blockquote><div>f</div></div>", "On Monday b wrote:\n\n> c\n\nd\n\n> e\n\nf"},
		{"a link to its own text", "<a href='https://a.example/'>https://a.example/</a>", "https://a.example/"},
		{"a link to something else", "<a href='https://a.example/x'>here</a> now", "here <https://a.example/x> now"},
		{"a script's link", "<a href='javascript:x'>here</a>", "here"},
		{"no markup at all", "just text", "just text"},
		{"text after a stray bracket", "1 < 2 and more", "1 < 2 and more"},
	} {
		if got := htmlText(c.markup); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("Yes\n\nOn Mon, 2 Nov 2026 at 10:00, Kim <kim@cust.example> wrote:\n> q", false)
	f.Add("Ja\n\nVon: Kim\nGesendet: Montag\nAn: Support\nBetreff: x\n\nquoted", true)
	f.Add("> one?\nfirst\n-- \nKim\n\n_____\nlist", false)
	f.Fuzz(func(t *testing.T, text string, forward bool) {
		text = plainLines(text)
		got := visible(text, forward)
		// New words are the mail's own, in its order: nothing is made up (F38). Only ends of lines may be left out.
		rest := text
		for line := range strings.SplitSeq(got, "\n") {
			i := strings.Index(rest, line)
			if i < 0 {
				t.Fatalf("%q is not in the text in this order", line)
			}
			rest = rest[i+len(line):]
		}
	})
}
