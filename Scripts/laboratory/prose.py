"""What people say to each other, made from a few words."""

import random

WHO = ("Mira", "the night shift", "Jonas", "our supplier", "the auditor", "Aylin", "everyone in Zürich", "the new colleague", "Søren")
DOES = ("has moved", "will check", "could not open", "wants to see", "signed", "forgot", "is bringing", "translated", "has doubts about")
WHAT = (
    "the shift plan",
    "the drawings for hall 4",
    "last week's figures",
    "the keys",
    "the café's bill",
    "the firmware",
    "a spare pump",
    "the minutes",
    "the naïve estimate",
)
WHEN = ("before lunch", "tomorrow at 9", "again", "on Friday", "since the power cut", "as agreed", "without asking", "after the drill")
ENDS = (".", "!", " – ok?", " 👍", " 🙂", "…", ". Sorry, was in the cleanroom.", ". 明日また話しましょう。", "; see the thread.")


def sentence() -> str:
    """One message."""
    return " ".join(random.choice(words) for words in (WHO, DOES, WHAT, WHEN)) + random.choice(ENDS)
