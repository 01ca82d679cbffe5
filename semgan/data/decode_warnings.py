"""Warnings about pictures that decode, but not to all that their files hold, or only by a guess; each begins with the picture's name."""


class DecodeWarning(UserWarning):
    """Warns of a guess that decoding made.

    Attributes:
      count: what it left out, such as pages.
    """

    kind = "guess"
    count = 0


class FramesWarning(DecodeWarning):
    """Warns of pages or frames after the first, which are left out: `count`."""

    kind = "frames"

    def __init__(self, name: str, what: str, total: int):
        self.count = total - 1
        super().__init__(f"{name}: has {total:,} {what}; the first is used, {self.count:,} {'is' if total == 2 else 'are'} left out")


class FlatWarning(DecodeWarning):
    """Warns of a picture of one colour."""

    kind = "flat"

    def __init__(self, name: str):
        super().__init__(f"{name}: shows nothing: it is of one colour, or nearly")
