"""What the pages for strangers say, in every language they speak."""

from __future__ import annotations

LANGUAGES = ("en", "de")
WORDS = {
    "en": {
        "title": "Unsubscribe",
        "ask": "Stop these messages?",
        "ask_more": "Choose what you no longer want. It takes effect at once; you need not sign in.",
        "channel": "Stop messages of this kind",
        "channel_more": "After an e-mail: no more e-mail. Everything else stays as it is.",
        "everything": "Stop all advertising",
        "everything_more": "By e-mail, text message, telephone and letter, and no more analysis of your purchases for advertising.",
        "button": "Unsubscribe",
        "legend": "What should stop?",
        "done": "You are unsubscribed",
        "done_more": "You will get no more messages of this kind. A message that is on its way already may still arrive.",
        "more": "You can also stop everything:",
        "done_everything": "You will get no more advertising from us",
        "done_everything_more": "This holds for every way of writing or calling. A message that is on its way already may still arrive.",
    },
    "de": {
        "title": "Abmelden",
        "ask": "Diese Nachrichten abbestellen?",
        "ask_more": "Wählen Sie, was Sie nicht mehr möchten. Es gilt sofort; eine Anmeldung ist nicht nötig.",
        "channel": "Nachrichten dieser Art abbestellen",
        "channel_more": "Nach einer E-Mail: keine E-Mails mehr. Alles andere bleibt.",
        "everything": "Jede Werbung abbestellen",
        "everything_more": "Per E-Mail, SMS, Telefon und Brief; Ihre Einkäufe werden auch nicht mehr für Werbung ausgewertet.",
        "button": "Abmelden",
        "legend": "Was soll enden?",
        "done": "Sie sind abgemeldet",
        "done_more": "Sie erhalten keine Nachrichten dieser Art mehr. Eine Nachricht, die schon unterwegs ist, kann noch ankommen.",
        "more": "Sie können auch alles abbestellen:",
        "done_everything": "Sie erhalten keine Werbung mehr von uns",
        "done_everything_more": "Das gilt für E-Mail, SMS, Telefon und Brief. Was schon unterwegs ist, kann noch ankommen.",
    },
}
