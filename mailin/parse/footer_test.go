package parse

import "testing"

func TestFooter(t *testing.T) {
	for _, line := range []string{
		"Sent from my iPhone", "Sent from my Samsung Galaxy S21, an AT&T LTE smartphone", "Sent from my Android phone with K-9 Mail. Please excuse my brevity.", "Sent from Mail <https://a.example/x> for Windows",
		"Sent with [Proton Mail](https://a.example/x) secure email.", "Sent with Spark", "Sent from Newton", "Sent on the go", "Sent via Superhuman ( https://a.example/x )", "Sent from Yahoo Mail on Android", "Get Outlook for Android<https://a.example/x>",
		"Von meinem/meiner Galaxy gesendet", "Gesendet von Outlook für Android", "Diese Nachricht wurde von meinem Android Mobiltelefon mit GMX Mail gesendet.", "Vom Handy gesendet", "Hol dir Outlook für iOS", "Outlook für Android herunterladen<https://a.example/x>",
		"Envoyé à partir d’Outlook pour iOS", "Envoyé depuis mon appareil Galaxy", "Obtenir Outlook pour Android", "Provenance : Courrier pour Windows 10", "Enviado desde mi smartphone Samsung Galaxy.", "Inviato dal mio Galaxy", "Ottieni Outlook per iOS",
		"Verzonden vanaf Samsung-mobiel.", "Outlook voor Android ophalen", "Отправлено из мобильного приложения Яндекс Почты", "Отправлено с iPhone", "Wysłane z iPhone’a", "Uzyskaj aplikację Outlook dla systemu iOS",
		"Enviado do meu iPhone", "Skickat från min Samsung-enhet", "Last ned Outlook for iOS", "Odesláno z mého iPhonu", "Windows 10 için Posta ile gönderildi", "iOS için Outlook'u edinin", "A Windows 10 Posta alkalmazásából küldve", "Trimis din Yahoo Mail pe Android",
		"Android 用 Outlook から送信", "iOS 版 Outlook を入手", "从我的华为手机发送", "下载 Outlook for iOS", "Galaxy에서 보냄", "Virenfrei.www.avast.com",
	} {
		if !isFooter(line, func() bool { return false }) {
			t.Errorf("%q is no footer", line)
		}
	}
	for _, line := range []string{
		"Sent by mail on Monday.", "Sent via the post office this morning.", "Sent with the wrong cable.", "Sent from my bank account on Monday.", "Created with the new version of your program.", "Posted on the forum yesterday.",
		"Sent from my iPhone it looks blurry, from the PC it is fine.", "Sent from my phone to your address.", "Get Outlook for the new employee, please.", "Download Outlook for Android fails with error 5.", "Is it sent from my iPhone?",
		"Gesendet mit DHL am Montag.", "Versandt per Post am Montag.", "Diese Nachricht wurde mit Fehler 500 abgewiesen.", "Von meinem Konto wurde die falsche Summe verschickt", "Aus meiner Sicht wurde das falsche Teil geschickt",
		"Envoyé par la poste lundi dernier.", "Envoyé de mon compte le 3 mai.", "Enviado por correo el lunes.", "Enviado desde mi cuenta el lunes.", "Inviato con corriere ieri.", "Verzonden met PostNL, het nummer is 3S123.",
		"Отправлено с курьером вчера.", "Wysłane przez kuriera w poniedziałek.", "Skickat från lagret i måndags.", "Lähetetty maanantaina postissa.", "Virus-free is what I want.",
		"Written on the Samsung box: model 5", "Ihr iPhone 12 haben wir verschickt", "Das Handy wurde am Montag verschickt", "新しいiPhoneを送信", "我已用手机发送", "从手机上看不到图片", "iPhone dün gönderildi",
	} {
		for _, last := range []bool{false, true} {
			if isFooter(line, func() bool { return last }) {
				t.Errorf("%q is a footer, last %t", line, last)
			}
		}
	}
	// What is sent from something of the writer's own that we do not know is a footer at the end alone.
	for _, line := range []string{"Sent from my toaster", "Sent from a magnificent torch of pixels", "Gesendet von meinem Fahrrad", "Envoyé de mon vélo"} {
		if isFooter(line, func() bool { return false }) || !isFooter(line, func() bool { return true }) {
			t.Errorf("%q", line)
		}
	}
}
