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
	WrongHourly                         // the ticket is billed by the hour, at the price given
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
	WrongNoHeld                         // there is no held mail of the number given
	WrongDecided                        // the one given has decided over the held mail of the number given
	WrongHeldRight                      // the mail of the number given belongs to the queue given, on which the writer does not work
	WrongHeldStaff                      // the mail of the number given came in the name of one of us
	WrongOnlyHeld                       // an answer to that mail decides over held mails and does nothing else
	WrongWhichHeld                      // it does not say which held mail
	WrongTicket                         // it names no ticket that there is
	WrongItself                         // it names the ticket itself
	WrongOthers                         // the ticket given is another customer's; the number stands there twice
	WrongClosedOther                    // the other ticket, given, is closed
	WrongNoQueue                        // nothing is called that; the queues given are possible
	WrongNoClass                        // nothing is called that; the classes given are possible
	WrongPriority                       // no priority; those given are possible
	WrongWhen                           // no time from now, or more than a year
	WrongSplit                          // there is no message that could be split off
	WrongAddress                        // no address that somebody reads
	WrongOurs                           // the address given is one of ours
	WrongTakesPart                      // the address given takes part already
	WrongNoWords                        // there are no words to send
	WrongNoPart                         // nobody takes part by the address given; those given do
	WrongRemoved                        // the address given was taken out of the ticket given
	WrongLater                          // the command is known, and this version does not have it
)

// What a command that was done leaves to be known.
const (
	NotAgreedYet   Phrase = iota + WrongLater + 1 // for the class given nothing is agreed: the customer is asked when the ticket is taken up again
	NotAgreedStays                                // for the class given nothing is agreed: the customer has agreed to the amount given, and that stands
)

// What commands do, for /help.
const (
	HelpSpent Phrase = iota + NotAgreedStays + 1
	HelpEstimate
	HelpAssign
	HelpNote
	HelpWait
	HelpResolve
	HelpClose
	HelpReopen
	HelpHelp
	HelpForward
	HelpInvite
	HelpRemove
	HelpClass
	HelpQueue
	HelpPriority
	HelpRemind
	HelpMerge
	HelpLink
	HelpSplit
	HelpSpam
	HelpRelease
	HelpJoin
	HelpDiscard
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
	WrongHourly:       "the request is billed by the hour, at %s; the customer has agreed to that, or is asked to",
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

	WrongNoHeld:      "there is no held mail %s",
	WrongDecided:     "%s has decided over mail %s already",
	WrongHeldRight:   "mail %s is for the queue “%s”, on which you do not work",
	WrongHeldStaff:   "mail %s came in the name of one of us: it can be joined to a request or discarded",
	WrongOnlyHeld:    "an answer to this mail can only release, join or discard held mails",
	WrongWhichHeld:   "it does not say which mail",
	WrongTicket:      "it names no request that there is",
	WrongItself:      "that is this request itself",
	WrongOthers:      "request %s is another customer’s, who would read all of this; /link %s shows the two side by side",
	WrongClosedOther: "request %s is closed: reopen it first",
	WrongNoQueue:     "there is no queue “%s”; possible are: %s",
	WrongNoClass:     "there is no class “%s”; possible are: %s",
	WrongPriority:    "possible are: %s",
	WrongWhen:        "this is no number of hours, days or weeks, or more than a year",
	WrongSplit:       "no message of the customer’s can be split off here: answer the mail that brought it, and it may not be the first one",
	WrongAddress:     "this is no address that somebody reads, or the request has too many people",
	WrongOurs:        "%s is one of us",
	WrongTakesPart:   "%s takes part in the request already",
	WrongNoWords:     "there are no words to send",
	WrongNoPart:      "nobody takes part as “%s”; possible are: %s",
	WrongRemoved:     "%s was taken out of request %s: /invite lets him in there first",
	WrongLater:       "this version of the desk does not have this command yet",
	NotAgreedYet:     "For “%s” nothing has been agreed: the customer is asked when the request is taken up again, and until then no time is billed.",
	NotAgreedStays:   "For “%s” nothing has been agreed: the customer has agreed to %s, and nothing beyond that is billed.",

	HelpForward:  "sends your words to that address instead of to the customer; the answer stays among us",
	HelpInvite:   "lets that address get our answers from now on",
	HelpRemove:   "takes that address out: it gets and reads nothing any more, and being in copy does not bring it back",
	HelpClass:    "gives the request another class, with its queue, deadlines and price",
	HelpQueue:    "hands the request to another queue",
	HelpPriority: "sets how urgent it is: low, normal, high or urgent",
	HelpRemind:   "sends you the request again after that time; 3h, 2d and 1w are possible",
	HelpMerge:    "makes the request a part of that one, of the same customer; nothing is lost, and its number leads there",
	HelpLink:     "shows that request beside this one",
	HelpSplit:    "makes a request of its own of the message that the answered mail brought",
	HelpSpam:     "closes the request without a word to its sender",
	HelpRelease:  "lets a held mail go the way that it would have gone",
	HelpJoin:     "makes a held mail a part of a request",
	HelpDiscard:  "ends a held mail: it is kept, and nothing follows from it",
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
	WrongHourly:       "die Anfrage wird nach Stunden abgerechnet, zu %s; darum wurde der Kunde gebeten",
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

	WrongNoHeld:      "eine zurückgehaltene Mail %s gibt es nicht",
	WrongDecided:     "%s hat über die Mail %s schon entschieden",
	WrongHeldRight:   "die Mail %s gehört zur Warteschlange „%s“, an der Sie nicht arbeiten",
	WrongHeldStaff:   "die Mail %s kam im Namen von jemandem von uns: Sie lässt sich zu einer Anfrage legen oder verwerfen",
	WrongOnlyHeld:    "eine Antwort auf diese Mail kann zurückgehaltene Mails nur freigeben, zu einer Anfrage legen oder verwerfen",
	WrongWhichHeld:   "es fehlt, welche Mail",
	WrongTicket:      "es nennt keine Anfrage, die es gibt",
	WrongItself:      "das ist diese Anfrage selbst",
	WrongOthers:      "die Anfrage %s ist von einem anderen Kunden, der dies alles läse; /link %s zeigt beide nebeneinander",
	WrongClosedOther: "die Anfrage %s ist geschlossen: Nehmen Sie sie erst wieder auf",
	WrongNoQueue:     "eine Warteschlange „%s“ gibt es nicht; möglich sind: %s",
	WrongNoClass:     "eine Art „%s“ gibt es nicht; möglich sind: %s",
	WrongPriority:    "möglich sind: %s",
	WrongWhen:        "das ist keine Zahl von Stunden, Tagen oder Wochen oder mehr als ein Jahr",
	WrongSplit:       "hier lässt sich keine Nachricht des Kunden abtrennen: Antworten Sie auf die Mail, die sie brachte; die erste kann es nicht sein",
	WrongAddress:     "das ist keine Adresse, die jemand liest, oder die Anfrage hat zu viele Beteiligte",
	WrongOurs:        "%s gehört zu uns",
	WrongTakesPart:   "%s ist an der Anfrage schon beteiligt",
	WrongNoWords:     "es fehlen die Worte, die dorthin gehen sollen",
	WrongNoPart:      "niemand ist als „%s“ beteiligt; möglich sind: %s",
	WrongRemoved:     "%s wurde aus der Anfrage %s entfernt: erst dort wieder mit /invite zulassen",
	WrongLater:       "diesen Befehl hat diese Version des Desks noch nicht",
	NotAgreedYet:     "Für „%s“ ist nichts vereinbart: der Kunde wird gefragt, wenn die Anfrage wieder aufgenommen wird, und bis dahin wird keine Zeit berechnet.",
	NotAgreedStays:   "Für „%s“ ist nichts vereinbart: der Kunde hat %s zugestimmt, und darüber hinaus wird nichts berechnet.",

	HelpForward:  "schickt Ihre Worte an diese Adresse statt an den Kunden; die Antwort bleibt unter uns",
	HelpInvite:   "lässt diese Adresse ab jetzt unsere Antworten bekommen",
	HelpRemove:   "entfernt diese Adresse: sie bekommt und liest nichts mehr, und in Kopie zu stehen bringt sie nicht zurück",
	HelpClass:    "gibt der Anfrage eine andere Art, mit deren Warteschlange, Fristen und Preis",
	HelpQueue:    "gibt die Anfrage an eine andere Warteschlange",
	HelpPriority: "setzt, wie eilig es ist: low, normal, high oder urgent",
	HelpRemind:   "schickt Ihnen die Anfrage nach dieser Zeit wieder; möglich sind 3h, 2d und 1w",
	HelpMerge:    "macht die Anfrage zu einem Teil jener anderen desselben Kunden; nichts geht verloren, und ihre Nummer führt dorthin",
	HelpLink:     "zeigt jene Anfrage neben dieser",
	HelpSplit:    "macht die Nachricht, die die beantwortete Mail brachte, zu einer eigenen Anfrage",
	HelpSpam:     "schließt die Anfrage ohne ein Wort an den Absender",
	HelpRelease:  "lässt eine zurückgehaltene Mail den Weg gehen, den sie sonst gegangen wäre",
	HelpJoin:     "macht eine zurückgehaltene Mail zu einem Teil einer Anfrage",
	HelpDiscard:  "verwirft eine zurückgehaltene Mail: Sie bleibt aufbewahrt, und nichts folgt aus ihr",
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
	WrongHourly:       "la richiesta si addebita a ore, a %s",
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

	WrongNoHeld:      "non c’è nessuna e-mail bloccata %s",
	WrongDecided:     "%s ha già deciso sull’e-mail %s",
	WrongHeldRight:   "l’e-mail %s è per la coda «%s», alla quale Lei non lavora",
	WrongHeldStaff:   "l’e-mail %s è arrivata a nome di uno di noi: si può unire a una richiesta o scartare",
	WrongOnlyHeld:    "una risposta a questa e-mail può solo sbloccare, unire o scartare le e-mail bloccate",
	WrongWhichHeld:   "manca il numero dell’e-mail",
	WrongTicket:      "non indica una richiesta esistente",
	WrongItself:      "è questa stessa richiesta",
	WrongOthers:      "la richiesta %s è di un altro cliente, che leggerebbe tutto questo; /link %s le mostra una accanto all’altra",
	WrongClosedOther: "la richiesta %s è chiusa: prima la riprenda",
	WrongNoQueue:     "non c’è una coda «%s»; sono possibili: %s",
	WrongNoClass:     "non c’è un tipo «%s»; sono possibili: %s",
	WrongPriority:    "sono possibili: %s",
	WrongWhen:        "non è un numero di ore, giorni o settimane, oppure supera un anno",
	WrongSplit:       "qui non si può staccare nessun messaggio del cliente: risponda all’e-mail che lo ha portato; il primo non può essere",
	WrongAddress:     "non è un indirizzo che qualcuno legge, oppure la richiesta ha troppi partecipanti",
	WrongOurs:        "%s è dei nostri",
	WrongTakesPart:   "%s partecipa già alla richiesta",
	WrongNoWords:     "mancano le parole da inviare",
	WrongNoPart:      "nessuno partecipa come «%s»; sono possibili: %s",
	WrongRemoved:     "%s è stato tolto dalla richiesta %s: prima va riammesso lì con /invite",
	WrongLater:       "questa versione del desk non ha ancora questo comando",
	NotAgreedYet:     "Per «%s» non è stato concordato nulla: al cliente si chiederà quando la richiesta sarà ripresa, e fino ad allora non si addebita tempo.",
	NotAgreedStays:   "Per «%s» non è stato concordato nulla: il cliente ha approvato %s, e oltre non si addebita nulla.",

	HelpForward:  "invia le Sue parole a quell’indirizzo invece che al cliente; la risposta resta tra noi",
	HelpInvite:   "da adesso fa ricevere le nostre risposte a quell’indirizzo",
	HelpRemove:   "toglie quell’indirizzo: non riceve e non legge più nulla, e metterlo in copia non lo riporta",
	HelpClass:    "dà alla richiesta un altro tipo, con la sua coda, i suoi termini e il suo prezzo",
	HelpQueue:    "passa la richiesta a un’altra coda",
	HelpPriority: "imposta l’urgenza: low, normal, high o urgent",
	HelpRemind:   "Le invia di nuovo la richiesta dopo quel tempo; sono possibili 3h, 2d e 1w",
	HelpMerge:    "rende la richiesta parte di quella, dello stesso cliente; nulla va perso, e il suo numero porta lì",
	HelpLink:     "mostra quella richiesta accanto a questa",
	HelpSplit:    "fa una richiesta a sé del messaggio portato dall’e-mail a cui risponde",
	HelpSpam:     "chiude la richiesta senza una parola al mittente",
	HelpRelease:  "lascia che un’e-mail bloccata segua la strada che avrebbe seguito",
	HelpJoin:     "rende un’e-mail bloccata parte di una richiesta",
	HelpDiscard:  "scarta un’e-mail bloccata: resta conservata, e non ne segue nulla",
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
	WrongHourly:       "de aanvraag wordt per uur berekend, tegen %s",
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

	WrongNoHeld:      "er is geen tegengehouden mail %s",
	WrongDecided:     "%s heeft al over mail %s beslist",
	WrongHeldRight:   "mail %s is voor de wachtrij “%s”, waaraan u niet werkt",
	WrongHeldStaff:   "mail %s kwam op naam van een van ons: die kan bij een aanvraag worden gelegd of weggedaan",
	WrongOnlyHeld:    "een antwoord op deze mail kan tegengehouden mails alleen vrijgeven, bij een aanvraag leggen of wegdoen",
	WrongWhichHeld:   "er staat niet welke mail",
	WrongTicket:      "er staat geen aanvraag die bestaat",
	WrongItself:      "dat is deze aanvraag zelf",
	WrongOthers:      "aanvraag %s is van een andere klant, die dit alles zou lezen; /link %s toont ze naast elkaar",
	WrongClosedOther: "aanvraag %s is gesloten: pak die eerst weer op",
	WrongNoQueue:     "er is geen wachtrij “%s”; mogelijk zijn: %s",
	WrongNoClass:     "er is geen soort “%s”; mogelijk zijn: %s",
	WrongPriority:    "mogelijk zijn: %s",
	WrongWhen:        "dit is geen aantal uren, dagen of weken, of meer dan een jaar",
	WrongSplit:       "hier kan geen bericht van de klant worden afgesplitst: antwoord op de mail die het bracht; het eerste kan niet",
	WrongAddress:     "dit is geen adres dat iemand leest, of de aanvraag heeft te veel deelnemers",
	WrongOurs:        "%s is van ons",
	WrongTakesPart:   "%s is al bij de aanvraag betrokken",
	WrongNoWords:     "er staan geen woorden om te versturen",
	WrongNoPart:      "niemand is als “%s” betrokken; mogelijk zijn: %s",
	WrongRemoved:     "%s is uit aanvraag %s gehaald: laat dat adres daar eerst weer toe met /invite",
	WrongLater:       "deze versie van de desk heeft deze opdracht nog niet",
	NotAgreedYet:     "Voor “%s” is niets afgesproken: de klant wordt gevraagd zodra de aanvraag weer wordt opgepakt, en tot dan wordt geen tijd berekend.",
	NotAgreedStays:   "Voor “%s” is niets afgesproken: de klant is akkoord gegaan met %s, en daarboven wordt niets berekend.",

	HelpForward:  "stuurt uw woorden naar dat adres in plaats van naar de klant; het antwoord blijft onder ons",
	HelpInvite:   "laat dat adres voortaan onze antwoorden krijgen",
	HelpRemove:   "haalt dat adres eruit: het krijgt en leest niets meer, en in kopie staan brengt het niet terug",
	HelpClass:    "geeft de aanvraag een andere soort, met wachtrij, termijnen en prijs",
	HelpQueue:    "geeft de aanvraag aan een andere wachtrij",
	HelpPriority: "zegt hoe dringend het is: low, normal, high of urgent",
	HelpRemind:   "stuurt u de aanvraag na die tijd opnieuw; mogelijk zijn 3h, 2d en 1w",
	HelpMerge:    "maakt de aanvraag een deel van die andere van dezelfde klant; er gaat niets verloren, en het nummer leidt daarheen",
	HelpLink:     "toont die aanvraag naast deze",
	HelpSplit:    "maakt een eigen aanvraag van het bericht dat de beantwoorde mail bracht",
	HelpSpam:     "sluit de aanvraag zonder een woord aan de afzender",
	HelpRelease:  "laat een tegengehouden mail de weg gaan die hij anders was gegaan",
	HelpJoin:     "maakt een tegengehouden mail een deel van een aanvraag",
	HelpDiscard:  "doet een tegengehouden mail weg: die blijft bewaard, en er volgt niets uit",
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
	WrongHourly:       "обращение оплачивается по часам, по %s",
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

	WrongNoHeld:      "задержанного письма %s нет",
	WrongDecided:     "%s уже принимает решение по письму %s",
	WrongHeldRight:   "письмо %s относится к очереди «%s», с которой Вы не работаете",
	WrongHeldStaff:   "письмо %s пришло от имени одного из нас: его можно присоединить к обращению или отбросить",
	WrongOnlyHeld:    "ответом на это письмо можно только пропустить, присоединить или отбросить задержанные письма",
	WrongWhichHeld:   "не указано, какое письмо",
	WrongTicket:      "не указано обращение, которое существует",
	WrongItself:      "это само это обращение",
	WrongOthers:      "обращение %s другого клиента, который прочёл бы всё это; /link %s покажет их рядом",
	WrongClosedOther: "обращение %s закрыто: сначала откройте его снова",
	WrongNoQueue:     "очереди «%s» нет; возможные: %s",
	WrongNoClass:     "вида «%s» нет; возможные: %s",
	WrongPriority:    "возможные: %s",
	WrongWhen:        "это не число часов, дней или недель либо больше года",
	WrongSplit:       "здесь нельзя отделить письмо клиента: ответьте на то письмо, которое его принесло; первое отделить нельзя",
	WrongAddress:     "это не адрес, который кто-то читает, либо участников слишком много",
	WrongOurs:        "%s — это наш адрес",
	WrongTakesPart:   "%s уже участвует в обращении",
	WrongNoWords:     "нет слов, которые можно отправить",
	WrongNoPart:      "никто не участвует под адресом «%s»; возможные адреса: %s",
	WrongRemoved:     "%s исключён из обращения %s: сначала допустите его там командой /invite",
	WrongLater:       "в этой версии такой команды ещё нет",
	NotAgreedYet:     "По виду «%s» ничего не согласовано: клиента спросят, когда обращение будет снова открыто, а до тех пор время не оплачивается.",
	NotAgreedStays:   "По виду «%s» ничего не согласовано: клиент согласился на %s, и сверх этого ничего не оплачивается.",

	HelpForward:  "отправляет Ваши слова на этот адрес вместо клиента; ответ останется между нами",
	HelpInvite:   "с этого момента отправляет наши ответы и на этот адрес",
	HelpRemove:   "исключает этот адрес: он больше ничего не получает и не читает, и копия письма его не вернёт",
	HelpClass:    "меняет вид обращения, а с ним очередь, сроки и цену",
	HelpQueue:    "передаёт обращение в другую очередь",
	HelpPriority: "задаёт срочность: low, normal, high или urgent",
	HelpRemind:   "пришлёт Вам обращение снова через это время; можно 3h, 2d и 1w",
	HelpMerge:    "делает обращение частью другого обращения того же клиента; ничего не теряется, и номер ведёт туда",
	HelpLink:     "показывает то обращение рядом с этим",
	HelpSplit:    "делает отдельное обращение из сообщения, которое принесло письмо, на которое Вы отвечаете",
	HelpSpam:     "закрывает обращение без единого слова отправителю",
	HelpRelease:  "пропускает задержанное письмо туда, куда оно пошло бы",
	HelpJoin:     "делает задержанное письмо частью обращения",
	HelpDiscard:  "отбрасывает задержанное письмо: оно сохраняется, и из него ничего не следует",
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
	WrongHourly:       "la solicitud se factura por horas, a %s",
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

	WrongNoHeld:      "no hay ningún correo retenido %s",
	WrongDecided:     "%s ya ha decidido sobre el correo %s",
	WrongHeldRight:   "el correo %s es de la cola «%s», en la que usted no trabaja",
	WrongHeldStaff:   "el correo %s llegó en nombre de uno de nosotros: se puede unir a una solicitud o descartar",
	WrongOnlyHeld:    "una respuesta a este correo solo puede liberar, unir o descartar los correos retenidos",
	WrongWhichHeld:   "falta decir qué correo",
	WrongTicket:      "no nombra ninguna solicitud que exista",
	WrongItself:      "es esta misma solicitud",
	WrongOthers:      "la solicitud %s es de otro cliente, que leería todo esto; /link %s las muestra juntas",
	WrongClosedOther: "la solicitud %s está cerrada: retómela primero",
	WrongNoQueue:     "no hay ninguna cola «%s»; puede ser: %s",
	WrongNoClass:     "no hay ningún tipo «%s»; puede ser: %s",
	WrongPriority:    "puede ser: %s",
	WrongWhen:        "no es un número de horas, días o semanas, o es más de un año",
	WrongSplit:       "aquí no se puede separar ningún mensaje del cliente: responda al correo que lo trajo; el primero no puede ser",
	WrongAddress:     "no es una dirección que alguien lea, o la solicitud tiene demasiados participantes",
	WrongOurs:        "%s es de los nuestros",
	WrongTakesPart:   "%s ya participa en la solicitud",
	WrongNoWords:     "no hay palabras que enviar",
	WrongNoPart:      "nadie participa como «%s»; puede ser: %s",
	WrongRemoved:     "%s fue retirado de la solicitud %s: admítalo antes allí con /invite",
	WrongLater:       "esta versión del sistema aún no tiene ese comando",
	NotAgreedYet:     "Para «%s» no hay nada acordado: se preguntará al cliente cuando se retome la solicitud, y hasta entonces no se cobra tiempo.",
	NotAgreedStays:   "Para «%s» no hay nada acordado: el cliente ha aceptado %s, y no se cobra nada más.",

	HelpForward:  "envía sus palabras a esa dirección en vez de al cliente; la respuesta queda entre nosotros",
	HelpInvite:   "hace que esa dirección reciba nuestras respuestas desde ahora",
	HelpRemove:   "retira esa dirección: ya no recibe ni lee nada, y estar en copia no la trae de vuelta",
	HelpClass:    "da a la solicitud otro tipo, con su cola, sus plazos y su precio",
	HelpQueue:    "pasa la solicitud a otra cola",
	HelpPriority: "fija la urgencia: low, normal, high o urgent",
	HelpRemind:   "le envía la solicitud de nuevo pasado ese tiempo; puede ser 3h, 2d y 1w",
	HelpMerge:    "hace de la solicitud una parte de esa otra del mismo cliente; nada se pierde, y su número lleva allí",
	HelpLink:     "muestra esa solicitud junto a esta",
	HelpSplit:    "hace una solicitud aparte del mensaje que trajo el correo al que responde",
	HelpSpam:     "cierra la solicitud sin decir nada al remitente",
	HelpRelease:  "deja que un correo retenido siga el camino que habría seguido",
	HelpJoin:     "hace de un correo retenido una parte de una solicitud",
	HelpDiscard:  "descarta un correo retenido: se guarda, y no tiene más efecto",
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
	WrongHourly:       "zgłoszenie rozliczane jest godzinowo, po %s",
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

	WrongNoHeld:      "nie ma wstrzymanej wiadomości %s",
	WrongDecided:     "%s: ta osoba zdecydowała już o wiadomości %s",
	WrongHeldRight:   "wiadomość %s należy do kolejki „%s”, w której Państwo nie pracują",
	WrongHeldStaff:   "wiadomość %s przyszła w imieniu kogoś z nas: można ją dołączyć do zgłoszenia albo odrzucić",
	WrongOnlyHeld:    "odpowiedzią na tę wiadomość można tylko zwolnić, dołączyć albo odrzucić wstrzymane wiadomości",
	WrongWhichHeld:   "brakuje numeru wiadomości",
	WrongTicket:      "nie wskazano istniejącego zgłoszenia",
	WrongItself:      "to jest to samo zgłoszenie",
	WrongOthers:      "zgłoszenie %s jest od innego klienta, który przeczytałby to wszystko; /link %s pokaże je obok siebie",
	WrongClosedOther: "zgłoszenie %s jest zamknięte: trzeba je najpierw wznowić",
	WrongNoQueue:     "nie ma kolejki „%s”; możliwe: %s",
	WrongNoClass:     "nie ma rodzaju „%s”; możliwe: %s",
	WrongPriority:    "możliwe: %s",
	WrongWhen:        "to nie jest liczba godzin, dni ani tygodni albo jest to więcej niż rok",
	WrongSplit:       "tu nie można wydzielić żadnej wiadomości klienta: proszę odpowiedzieć na tę, która ją przyniosła; pierwszej wydzielić nie można",
	WrongAddress:     "to nie jest adres, który ktoś czyta, albo zgłoszenie ma zbyt wielu uczestników",
	WrongOurs:        "%s to nasz adres",
	WrongTakesPart:   "%s uczestniczy już w zgłoszeniu",
	WrongNoWords:     "brakuje treści do wysłania",
	WrongNoPart:      "nikt nie uczestniczy pod adresem „%s”; możliwe: %s",
	WrongRemoved:     "%s: ten adres usunięto ze zgłoszenia %s; najpierw trzeba go tam dopuścić przez /invite",
	WrongLater:       "ta wersja nie ma jeszcze tego polecenia",
	NotAgreedYet:     "Dla rodzaju „%s” nic nie uzgodniono: klient zostanie zapytany, gdy zgłoszenie zostanie wznowione, a do tego czasu czas nie jest rozliczany.",
	NotAgreedStays:   "Dla rodzaju „%s” nic nie uzgodniono: klient zgodził się na %s i nic ponad to nie jest rozliczane.",

	HelpForward:  "wysyła treść na ten adres zamiast do klienta; odpowiedź zostaje między nami",
	HelpInvite:   "sprawia, że ten adres będzie odtąd dostawać nasze odpowiedzi",
	HelpRemove:   "usuwa ten adres: nic już nie dostaje ani nie czyta, a dodanie w kopii go nie przywraca",
	HelpClass:    "zmienia rodzaj zgłoszenia, a z nim kolejkę, terminy i cenę",
	HelpQueue:    "przekazuje zgłoszenie do innej kolejki",
	HelpPriority: "ustala pilność: low, normal, high albo urgent",
	HelpRemind:   "przysyła zgłoszenie ponownie po tym czasie; możliwe: 3h, 2d i 1w",
	HelpMerge:    "czyni zgłoszenie częścią tamtego, tego samego klienta; nic nie ginie, a numer prowadzi tam",
	HelpLink:     "pokazuje tamto zgłoszenie obok tego",
	HelpSplit:    "tworzy osobne zgłoszenie z wiadomości, którą przyniosła ta, na którą się odpowiada",
	HelpSpam:     "zamyka zgłoszenie bez słowa do nadawcy",
	HelpRelease:  "przepuszcza wstrzymaną wiadomość tam, dokąd by poszła",
	HelpJoin:     "czyni wstrzymaną wiadomość częścią zgłoszenia",
	HelpDiscard:  "odrzuca wstrzymaną wiadomość: zostaje zachowana i nic z niej nie wynika",
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
	WrongHourly:       "la demande est facturée à l’heure, à %s",
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

	WrongNoHeld:      "il n’y a pas de message retenu %s",
	WrongDecided:     "%s a déjà décidé du message %s",
	WrongHeldRight:   "le message %s est pour la file « %s », sur laquelle vous ne travaillez pas",
	WrongHeldStaff:   "le message %s est arrivé au nom de l’un de nous : il peut être joint à une demande ou écarté",
	WrongOnlyHeld:    "une réponse à ce message peut seulement libérer, joindre ou écarter les messages retenus",
	WrongWhichHeld:   "il manque le numéro du message",
	WrongTicket:      "elle ne nomme aucune demande existante",
	WrongItself:      "c’est cette demande elle-même",
	WrongOthers:      "la demande %s est d’un autre client, qui lirait tout ceci ; /link %s les montre côte à côte",
	WrongClosedOther: "la demande %s est fermée : reprenez-la d’abord",
	WrongNoQueue:     "il n’y a pas de file « %s », à choisir parmi %s",
	WrongNoClass:     "il n’y a pas de type « %s », à choisir parmi %s",
	WrongPriority:    "à choisir parmi %s",
	WrongWhen:        "ce n’est pas un nombre d’heures, de jours ou de semaines, ou c’est plus d’un an",
	WrongSplit:       "aucun message du client ne peut être séparé ici : répondez à celui qui l’a apporté, et ce ne peut pas être le premier",
	WrongAddress:     "ce n’est pas une adresse que quelqu’un lit, ou la demande a trop de participants",
	WrongOurs:        "%s est des nôtres",
	WrongTakesPart:   "%s participe déjà à la demande",
	WrongNoWords:     "il n’y a pas de mots à envoyer",
	WrongNoPart:      "personne ne participe sous « %s », à choisir parmi %s",
	WrongRemoved:     "%s a été retiré de la demande %s : laissez-le d’abord y revenir avec /invite",
	WrongLater:       "cette version du support n’a pas encore cette commande",
	NotAgreedYet:     "Pour « %s », rien n’a été convenu : le client sera interrogé quand la demande sera reprise, et d’ici là aucun temps n’est facturé.",
	NotAgreedStays:   "Pour « %s », rien n’a été convenu : le client a accepté %s, et rien de plus n’est facturé.",

	HelpForward:  "envoie vos mots à cette adresse au lieu du client, la réponse reste entre nous",
	HelpInvite:   "fait recevoir nos réponses à cette adresse à partir de maintenant",
	HelpRemove:   "retire cette adresse, qui ne reçoit et ne lit plus rien, et une copie ne la ramène pas",
	HelpClass:    "donne un autre type à la demande, avec sa file, ses délais et son prix",
	HelpQueue:    "passe la demande à une autre file",
	HelpPriority: "fixe l’urgence, low, normal, high ou urgent",
	HelpRemind:   "vous renvoie la demande après ce temps, par exemple 3h, 2d ou 1w",
	HelpMerge:    "fait de la demande une partie de cette autre du même client, rien ne se perd et son numéro y mène",
	HelpLink:     "montre cette autre demande à côté de celle-ci",
	HelpSplit:    "fait une demande à part du message apporté par celui auquel vous répondez",
	HelpSpam:     "ferme la demande sans un mot à son auteur",
	HelpRelease:  "laisse un message retenu suivre le chemin qu’il aurait suivi",
	HelpJoin:     "fait d’un message retenu une partie d’une demande",
	HelpDiscard:  "écarte un message retenu, il est conservé et rien n’en découle",
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

// In writes a day in a language.
func (d Day) In(lang string) string { return languageOf(Pick(lang)).formatDay(d) }

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
