package templates

import "fmt"

// A Phrase is a short text that the desk puts into a mail to staff: what is wrong with a line, what a command does. The words of each
// language are below.
type Phrase int

// What is wrong with a line of commands, or with the whole mail.
const (
	WrongCommand      Phrase = iota + 1 // there is no such command
	WrongTwice                          // the command stands in the mail twice
	WrongTail                           // the command takes nothing behind it
	WrongBeside                         // another command, given, is in its way
	WrongClosed                         // the ticket is closed
	WrongOpen                           // the ticket is neither resolved nor closed
	WrongTime                           // no time, or more than the one given
	WrongCorrection                     // takes back more than the time given
	WrongCredits                        // no range of credits
	WrongFree                           // tickets of the class given cost nothing
	WrongLess                           // the customer has confirmed as much as given
	WrongNobody                         // it names nobody; the names given may be assigned
	WrongName                           // nobody is called that; the names given may be assigned
	WrongQueue                          // somebody does not work on that queue; the names given may be assigned
	WrongRight                          // the writer has no right to the queue given any more
	WrongInternal                       // the words repeat what only staff may read
	WrongEnclosed                       // a whole mail is enclosed, which may be one that only staff may read
	HeldForged                          // the mail is proven not to be from whom it says
	HeldUnproven                        // nothing proves whom it is from
	HeldOutsideThread                   // it is proven, but answers none of our mails to its writer
)

// What commands do, for /help.
const (
	HelpSpent Phrase = iota + HeldOutsideThread + 1
	HelpEstimate
	HelpAssign
	HelpNote
	HelpWait
	HelpResolve
	HelpClose
	HelpReopen
	HelpHelp
)

var englishPhrases = map[Phrase]string{
	WrongCommand:      "there is no such command",
	WrongTwice:        "it stands here twice",
	WrongTail:         "nothing may stand behind it on the line",
	WrongBeside:       "the mail already says %s",
	WrongClosed:       "the request is closed already",
	WrongOpen:         "the request is neither solved nor closed",
	WrongTime:         "this is no length of time, or more than %s",
	WrongCorrection:   "you have recorded only %s on this request",
	WrongCredits:      "this is no number of credits, and no range of them",
	WrongFree:         "requests of the class “%s” cost nothing",
	WrongLess:         "the customer has agreed to %s already; it cannot be less",
	WrongNobody:       "it names nobody; possible are: %s",
	WrongName:         "nobody is called “%s”; possible are: %s",
	WrongQueue:        "%s does not work on the queue “%s”; possible are: %s",
	WrongRight:        "You do not work on the queue “%s” any more. The text of your mail is kept.",
	WrongInternal:     "It repeats text that only we may read, such as a note or the mail that it answers. Please leave that out, or put it in your own words. To keep your mail inside, begin it with /note.",
	WrongEnclosed:     "A whole mail is attached to it, which may be one that only we may read. Please send it without that. To keep your mail inside, begin it with /note.",
	HeldForged:        "the checks say that it is not from you",
	HeldUnproven:      "neither a signature nor a sign-in shows that it is from you",
	HeldOutsideThread: "it does not answer a mail that the desk sent to you",

	HelpSpent:    "records your time; what you did may stand behind it. /spent -15m takes back 15 minutes",
	HelpEstimate: "offers the customer this range of credits and asks for a yes",
	HelpAssign:   "gives the request to a colleague",
	HelpNote:     "keeps the whole mail among us: nothing of it goes to the customer",
	HelpWait:     "waits for the customer; the clocks stand still",
	HelpResolve:  "marks the request as solved; it closes by itself when the customer stays silent",
	HelpClose:    "closes the request and gives back the credits that were not used",
	HelpReopen:   "takes a solved or closed request up again",
	HelpHelp:     "sends you this list; nothing else in the mail is carried out",
}

var germanPhrases = map[Phrase]string{
	WrongCommand:      "diesen Befehl gibt es nicht",
	WrongTwice:        "der Befehl steht zweimal da",
	WrongTail:         "dahinter darf in der Zeile nichts stehen",
	WrongBeside:       "in der Mail steht schon %s",
	WrongClosed:       "die Anfrage ist schon geschlossen",
	WrongOpen:         "die Anfrage ist weder gelöst noch geschlossen",
	WrongTime:         "das ist keine Zeitdauer oder mehr als %s",
	WrongCorrection:   "Sie haben bei dieser Anfrage nur %s erfasst",
	WrongCredits:      "das ist keine Zahl von Credits und auch keine Spanne",
	WrongFree:         "Anfragen der Art „%s“ sind kostenlos",
	WrongLess:         "der Kunde hat schon %s zugestimmt; weniger geht nicht",
	WrongNobody:       "es fehlt ein Name; möglich sind: %s",
	WrongName:         "„%s“ heißt niemand; möglich sind: %s",
	WrongQueue:        "%s arbeitet nicht an der Warteschlange „%s“; möglich sind: %s",
	WrongRight:        "Für die Warteschlange „%s“ sind Sie nicht mehr zuständig. Der Text Ihrer Mail ist aufbewahrt.",
	WrongInternal:     "Sie wiederholt Text, den nur wir lesen dürfen, etwa eine Notiz oder die Mail, auf die sie antwortet. Bitte lassen Sie ihn weg, oder sagen Sie es mit eigenen Worten. Soll Ihre Mail unter uns bleiben, beginnen Sie sie mit /note.",
	WrongEnclosed:     "Ihr ist eine ganze Mail angehängt; das kann eine sein, die nur wir lesen dürfen. Bitte senden Sie sie ohne diese. Soll Ihre Mail unter uns bleiben, beginnen Sie sie mit /note.",
	HeldForged:        "laut Prüfung ist sie nicht von Ihnen",
	HeldUnproven:      "weder eine Signatur noch eine Anmeldung zeigt, dass sie von Ihnen ist",
	HeldOutsideThread: "sie antwortet auf keine Mail, die der Support Ihnen geschickt hat",

	HelpSpent:    "erfasst Ihre Zeit; dahinter darf stehen, was Sie getan haben. /spent -15m nimmt 15 Minuten zurück",
	HelpEstimate: "bietet dem Kunden diese Spanne von Credits an und bittet um ein Ja",
	HelpAssign:   "gibt die Anfrage an jemand anders weiter",
	HelpNote:     "lässt die ganze Mail unter uns: Nichts davon geht an den Kunden",
	HelpWait:     "wartet auf den Kunden; die Fristen ruhen",
	HelpResolve:  "meldet die Anfrage als gelöst; schweigt der Kunde, schließt sie sich von selbst",
	HelpClose:    "schließt die Anfrage und gibt zurück, was an Credits nicht verbraucht ist",
	HelpReopen:   "nimmt eine gelöste oder geschlossene Anfrage wieder auf",
	HelpHelp:     "schickt Ihnen diese Liste; sonst wird nichts von der Mail ausgeführt",
}

var italianPhrases = map[Phrase]string{
	WrongCommand:      "questo comando non esiste",
	WrongTwice:        "il comando compare due volte",
	WrongTail:         "dopo il comando la riga deve finire",
	WrongBeside:       "l’e-mail contiene già %s",
	WrongClosed:       "la richiesta è già chiusa",
	WrongOpen:         "la richiesta non è né risolta né chiusa",
	WrongTime:         "non è una durata, oppure supera %s",
	WrongCorrection:   "su questa richiesta ha registrato solo %s",
	WrongCredits:      "non è un numero di crediti, né un intervallo",
	WrongFree:         "le richieste del tipo «%s» sono gratuite",
	WrongLess:         "il cliente ha già approvato %s; non si può scendere sotto",
	WrongNobody:       "manca il nome; sono possibili: %s",
	WrongName:         "nessuno si chiama «%s»; sono possibili: %s",
	WrongQueue:        "%s non lavora alla coda «%s»; sono possibili: %s",
	WrongRight:        "Lei non lavora più alla coda «%s». Il testo della Sua e-mail è conservato.",
	WrongInternal:     "Ripete un testo che solo noi possiamo leggere, come una nota o l’e-mail a cui risponde. Lo tolga o lo dica con parole Sue. Se l’e-mail deve restare tra noi, la cominci con /note.",
	WrongEnclosed:     "Ha in allegato un’intera e-mail, forse una che solo noi possiamo leggere. La invii senza. Se l’e-mail deve restare tra noi, la cominci con /note.",
	HeldForged:        "secondo i controlli non viene da Lei",
	HeldUnproven:      "né una firma né un accesso dimostrano che viene da Lei",
	HeldOutsideThread: "non risponde a un’e-mail inviata a Lei dall’assistenza",

	HelpSpent:    "registra il Suo tempo; dopo può scrivere che cosa ha fatto. /spent -15m toglie 15 minuti",
	HelpEstimate: "propone al cliente questo intervallo di crediti e chiede un sì",
	HelpAssign:   "passa la richiesta a un collega",
	HelpNote:     "tiene tra noi l’intera e-mail: nulla arriva al cliente",
	HelpWait:     "aspetta il cliente; i termini sono sospesi",
	HelpResolve:  "segna la richiesta come risolta; se il cliente tace, si chiude da sola",
	HelpClose:    "chiude la richiesta e restituisce i crediti non usati",
	HelpReopen:   "riprende una richiesta risolta o chiusa",
	HelpHelp:     "Le invia questo elenco; del resto dell’e-mail non viene eseguito nulla",
}

var dutchPhrases = map[Phrase]string{
	WrongCommand:      "deze opdracht bestaat niet",
	WrongTwice:        "de opdracht staat er twee keer",
	WrongTail:         "er mag op deze regel niets achter staan",
	WrongBeside:       "in de mail staat al %s",
	WrongClosed:       "de aanvraag is al gesloten",
	WrongOpen:         "de aanvraag is niet opgelost en niet gesloten",
	WrongTime:         "dit is geen tijdsduur, of meer dan %s",
	WrongCorrection:   "u hebt bij deze aanvraag maar %s geboekt",
	WrongCredits:      "dit is geen aantal credits, en ook geen bereik",
	WrongFree:         "aanvragen van de soort “%s” zijn gratis",
	WrongLess:         "de klant is al akkoord gegaan met %s; minder kan niet",
	WrongNobody:       "er staat geen naam; mogelijk zijn: %s",
	WrongName:         "niemand heet “%s”; mogelijk zijn: %s",
	WrongQueue:        "%s werkt niet aan de wachtrij “%s”; mogelijk zijn: %s",
	WrongRight:        "U werkt niet meer aan de wachtrij “%s”. De tekst van uw mail is bewaard.",
	WrongInternal:     "De mail herhaalt tekst die alleen wij mogen lezen, zoals een notitie of de mail waarop u antwoordt. Laat die tekst weg of zeg het in uw eigen woorden. Moet uw mail onder ons blijven, begin dan met /note.",
	WrongEnclosed:     "Er is een hele mail bijgevoegd, misschien een die alleen wij mogen lezen. Stuur uw mail zonder die bijlage. Moet uw mail onder ons blijven, begin dan met /note.",
	HeldForged:        "volgens de controle is de mail niet van u",
	HeldUnproven:      "noch een handtekening noch een aanmelding toont aan dat de mail van u is",
	HeldOutsideThread: "de mail is geen antwoord op een mail die de helpdesk u heeft gestuurd",

	HelpSpent:    "boekt uw tijd; wat u hebt gedaan, mag erachter staan. /spent -15m haalt er 15 minuten af",
	HelpEstimate: "biedt de klant dit aantal credits aan en vraagt om een ja",
	HelpAssign:   "geeft de aanvraag aan een collega",
	HelpNote:     "houdt de hele mail onder ons: niets ervan gaat naar de klant",
	HelpWait:     "wacht op de klant; de termijnen staan stil",
	HelpResolve:  "meldt de aanvraag als opgelost; blijft de klant stil, dan sluit die vanzelf",
	HelpClose:    "sluit de aanvraag en geeft de ongebruikte credits terug",
	HelpReopen:   "pakt een opgeloste of gesloten aanvraag weer op",
	HelpHelp:     "stuurt u deze lijst; verder wordt niets van de mail uitgevoerd",
}

var russianPhrases = map[Phrase]string{
	WrongCommand:      "такой команды нет",
	WrongTwice:        "команда стоит в письме дважды",
	WrongTail:         "после неё в строке ничего быть не должно",
	WrongBeside:       "в письме уже есть %s",
	WrongClosed:       "обращение уже закрыто",
	WrongOpen:         "обращение ни решено, ни закрыто",
	WrongTime:         "это не длительность или больше чем %s",
	WrongCorrection:   "время, которое Вы учли по этому обращению, — только %s",
	WrongCredits:      "это не число кредитов и не диапазон",
	WrongFree:         "обращения вида «%s» бесплатны",
	WrongLess:         "клиент уже согласился на %s; меньше нельзя",
	WrongNobody:       "не указано имя; возможные имена: %s",
	WrongName:         "никого с именем «%s» нет; возможные имена: %s",
	WrongQueue:        "%s не работает с очередью «%s»; возможные имена: %s",
	WrongRight:        "Вы больше не работаете с очередью «%s». Текст Вашего письма сохранён.",
	WrongInternal:     "В нём повторяется текст, который можно читать только нам: например, заметка или письмо, на которое оно отвечает. Уберите его или скажите своими словами. Чтобы письмо осталось между нами, начните его с /note.",
	WrongEnclosed:     "К нему приложено целое письмо, возможно такое, которое можно читать только нам. Отправьте без него. Чтобы письмо осталось между нами, начните его с /note.",
	HeldForged:        "по результатам проверки оно не от Вас",
	HeldUnproven:      "ни подпись, ни вход в почту не подтверждают, что оно от Вас",
	HeldOutsideThread: "это не ответ на письмо, которое Вам отправила служба поддержки",

	HelpSpent:    "учитывает Ваше время; после неё можно написать, что сделано. /spent -15m вычитает 15 минут",
	HelpEstimate: "предлагает клиенту этот диапазон кредитов и просит ответить «да»",
	HelpAssign:   "передаёт обращение коллеге",
	HelpNote:     "оставляет всё письмо между нами: клиенту из него ничего не уходит",
	HelpWait:     "ждёт ответа клиента; сроки приостанавливаются",
	HelpResolve:  "отмечает обращение как решённое; если клиент молчит, оно закроется само",
	HelpClose:    "закрывает обращение и возвращает неизрасходованные кредиты",
	HelpReopen:   "снова открывает решённое или закрытое обращение",
	HelpHelp:     "присылает Вам этот список; больше ничего из письма не выполняется",
}

var spanishPhrases = map[Phrase]string{
	WrongCommand:      "ese comando no existe",
	WrongTwice:        "el comando aparece dos veces",
	WrongTail:         "en la línea no puede haber nada detrás",
	WrongBeside:       "el correo ya contiene %s",
	WrongClosed:       "la solicitud ya está cerrada",
	WrongOpen:         "la solicitud no está resuelta ni cerrada",
	WrongTime:         "no es una duración, o es más de %s",
	WrongCorrection:   "en esta solicitud solo ha anotado %s",
	WrongCredits:      "no es un número de créditos ni un intervalo",
	WrongFree:         "las solicitudes del tipo «%s» son gratuitas",
	WrongLess:         "el cliente ya ha aceptado %s; no puede ser menos",
	WrongNobody:       "falta un nombre; puede ser: %s",
	WrongName:         "nadie se llama «%s»; puede ser: %s",
	WrongQueue:        "%s no trabaja en la cola «%s»; puede ser: %s",
	WrongRight:        "Usted ya no trabaja en la cola «%s». El texto de su correo se ha guardado.",
	WrongInternal:     "Repite texto que solo podemos leer nosotros, como una nota o el correo al que responde. Quítelo o dígalo con sus propias palabras. Si su correo debe quedar entre nosotros, empiécelo con /note.",
	WrongEnclosed:     "Lleva adjunto un correo entero, quizá uno que solo podemos leer nosotros. Envíelo sin él. Si su correo debe quedar entre nosotros, empiécelo con /note.",
	HeldForged:        "según la comprobación, no es suyo",
	HeldUnproven:      "ni una firma ni un inicio de sesión demuestran que sea suyo",
	HeldOutsideThread: "no responde a ningún correo que el soporte le haya enviado",

	HelpSpent:    "anota su tiempo; detrás puede decir qué ha hecho. /spent -15m resta 15 minutos",
	HelpEstimate: "ofrece al cliente este intervalo de créditos y le pide un sí",
	HelpAssign:   "pasa la solicitud a otra persona del equipo",
	HelpNote:     "deja todo el correo entre nosotros: nada llega al cliente",
	HelpWait:     "espera al cliente; los plazos se detienen",
	HelpResolve:  "da la solicitud por resuelta; si el cliente no dice nada, se cierra sola",
	HelpClose:    "cierra la solicitud y devuelve los créditos que no se han usado",
	HelpReopen:   "retoma una solicitud resuelta o cerrada",
	HelpHelp:     "le envía esta lista; no se ejecuta nada más del correo",
}

var polishPhrases = map[Phrase]string{
	WrongCommand:      "nie ma takiego polecenia",
	WrongTwice:        "polecenie występuje w wiadomości dwa razy",
	WrongTail:         "po nim nie może już nic stać w wierszu",
	WrongBeside:       "w wiadomości jest już %s",
	WrongClosed:       "zgłoszenie jest już zamknięte",
	WrongOpen:         "zgłoszenie nie jest ani rozwiązane, ani zamknięte",
	WrongTime:         "to nie jest czas albo jest to więcej niż %s",
	WrongCorrection:   "własny czas zapisany w tym zgłoszeniu to tylko %s",
	WrongCredits:      "to nie jest liczba kredytów ani ich zakres",
	WrongFree:         "zgłoszenia rodzaju „%s” są bezpłatne",
	WrongLess:         "klient zgodził się już na %s; mniej być nie może",
	WrongNobody:       "brakuje imienia; możliwe imiona: %s",
	WrongName:         "nikt nie nazywa się „%s”; możliwe imiona: %s",
	WrongQueue:        "%s nie pracuje w kolejce „%s”; możliwe imiona: %s",
	WrongRight:        "Nie pracują już Państwo w kolejce „%s”. Treść wiadomości została zachowana.",
	WrongInternal:     "Powtarza ona tekst, który możemy czytać tylko my, na przykład notatkę albo wiadomość, na którą odpowiada. Proszę go pominąć albo napisać to własnymi słowami. Aby wiadomość została między nami, proszę zacząć ją od /note.",
	WrongEnclosed:     "Załączono do niej całą wiadomość, być może taką, którą możemy czytać tylko my. Proszę wysłać bez niej. Aby wiadomość została między nami, proszę zacząć ją od /note.",
	HeldForged:        "według sprawdzenia nie pochodzi ona od Państwa",
	HeldUnproven:      "ani podpis, ani logowanie do poczty nie potwierdza, że pochodzi od Państwa",
	HeldOutsideThread: "nie jest odpowiedzią na wiadomość, którą wysłał do Państwa dział wsparcia",

	HelpSpent:    "zapisuje czas pracy; dalej w wierszu można napisać, co zrobiono. /spent -15m odejmuje 15 minut",
	HelpEstimate: "proponuje klientowi ten zakres kredytów i prosi o „tak”",
	HelpAssign:   "przekazuje zgłoszenie komuś innemu z zespołu",
	HelpNote:     "zostawia całą wiadomość między nami: nic z niej nie trafia do klienta",
	HelpWait:     "czeka na klienta; terminy są wstrzymane",
	HelpResolve:  "oznacza zgłoszenie jako rozwiązane; jeśli klient milczy, zamknie się samo",
	HelpClose:    "zamyka zgłoszenie i zwraca niewykorzystane kredyty",
	HelpReopen:   "wraca do rozwiązanego lub zamkniętego zgłoszenia",
	HelpHelp:     "wysyła w odpowiedzi tę listę; nic innego z wiadomości nie jest wykonywane",
}

var frenchPhrases = map[Phrase]string{
	WrongCommand:      "cette commande n’existe pas",
	WrongTwice:        "la commande y figure deux fois",
	WrongTail:         "rien ne doit la suivre sur la ligne",
	WrongBeside:       "le message contient déjà %s",
	WrongClosed:       "la demande est déjà fermée",
	WrongOpen:         "la demande n’est ni résolue ni fermée",
	WrongTime:         "ce n’est pas une durée, ou c’est plus de %s",
	WrongCorrection:   "vous n’avez noté que %s sur cette demande",
	WrongCredits:      "ce n’est ni un nombre de crédits ni une fourchette",
	WrongFree:         "les demandes du type « %s » sont gratuites",
	WrongLess:         "le client a déjà accepté %s, impossible de descendre en dessous",
	WrongNobody:       "il manque un nom, à choisir parmi %s",
	WrongName:         "personne ne s’appelle « %s », le nom est à choisir parmi %s",
	WrongQueue:        "%s ne travaille pas sur la file « %s », le nom est à choisir parmi %s",
	WrongRight:        "Vous ne travaillez plus sur la file « %s ». Le texte de votre message est conservé.",
	WrongInternal:     "Il répète un texte que nous seuls pouvons lire, comme une note ou le message auquel il répond. Merci de le retirer ou de le dire avec vos propres mots. Pour que votre message reste entre nous, commencez-le par /note.",
	WrongEnclosed:     "Un message entier y est joint, peut-être un que nous seuls pouvons lire. Merci de l’envoyer sans lui. Pour que votre message reste entre nous, commencez-le par /note.",
	HeldForged:        "d’après les contrôles, il n’est pas de vous",
	HeldUnproven:      "ni une signature ni une connexion ne montre qu’il est de vous",
	HeldOutsideThread: "il ne répond à aucun message que le support vous a envoyé",

	HelpSpent:    "note votre temps, suivi si vous voulez de ce que vous avez fait. /spent -15m retire 15 minutes",
	HelpEstimate: "propose au client cette fourchette de crédits et lui demande un oui",
	HelpAssign:   "confie la demande à quelqu’un d’autre de l’équipe",
	HelpNote:     "garde tout le message entre nous, rien ne va au client",
	HelpWait:     "attend le client, les délais s’arrêtent",
	HelpResolve:  "déclare la demande résolue, elle se ferme d’elle-même si le client ne dit rien",
	HelpClose:    "ferme la demande et rend les crédits qui n’ont pas été utilisés",
	HelpReopen:   "reprend une demande résolue ou fermée",
	HelpHelp:     "vous envoie cette liste, rien d’autre du message n’est exécuté",
}

// A Remark is a phrase with what goes into it. It has no language before somebody reads it: the same remark goes into the journal in
// English and into a mail in its reader's language. The zero Remark says nothing.
type Remark struct {
	phrase Phrase
	values []any
}

// With puts values into a phrase, in the order of its constant's comment: a string, or what has a form in every language, such as Minutes,
// Credits, another Remark or a title of the policy.
func (p Phrase) With(values ...any) Remark { return Remark{p, values} }

// In writes the remark in a language, which Pick chooses.
func (r Remark) In(lang string) string {
	if r.phrase == 0 {
		return ""
	}
	l := languageOf(Pick(lang))
	values := make([]any, len(r.values))
	for i, v := range r.values {
		values[i] = v
		if v, ok := v.(interface{ In(lang string) string }); ok {
			values[i] = v.In(l.code)
		}
	}
	return fmt.Sprintf(l.phrases[r.phrase], values...)
}

// Minutes are a value of a Remark: "45 minutes", "1 h 15 min".
type Minutes int

// In writes the minutes in a language.
func (m Minutes) In(lang string) string { return Span(lang, int(m), "minute") }

// In writes the moment in a language, with its zone; "" where there is none.
func (m Moment) In(lang string) string {
	s, err := languageOf(Pick(lang)).formatMoment(m)
	if err != nil {
		return ""
	}
	return s
}

// In writes the range in a language: "2 credits", "1–3 credits".
func (r Range) In(lang string) string {
	s, err := languageOf(Pick(lang)).creditRange(r)
	if err != nil {
		return fmt.Sprint(r.Max)
	}
	return s
}

// Credits are a value of a Remark: "1 credit", "3 credits".
type Credits int64

// In writes the credits in a language.
func (c Credits) In(lang string) string {
	s, err := languageOf(Pick(lang)).credits(int64(c))
	if err != nil { // a row of languages that lacks a form, which its test finds
		return fmt.Sprint(int64(c))
	}
	return s
}
