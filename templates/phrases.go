package templates

// A Phrase is a short text that the desk puts into a mail to staff: what is wrong with a line, what a command does. The words of each
// language are in phrases_en.go and its like.
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
	WrongAgain                          // the customer has got the very same mail not long ago
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
