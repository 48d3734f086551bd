"""[channels.…] sections of the kinds twilio and kannel: text messages by an HTTP interface."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from netlift.settings.connections import plain_address
from netlift.settings.pace import Pace
from netlift.settings.section import secret

NUMBER = r"\+[1-9]\d{6,14}"  # E.164
SHORT_CODE = r"\d{3,8}"
NAME = r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}"  # an alphanumeric sender (3GPP TS 23.040, section 9.1.2.5): nobody can answer it


class TextSettings(Pace):
    """What every channel of text messages has."""

    sender: str = Field(description="a number like +12125550100, a short code, or a name of up to 11 letters and digits")
    answers_to: str = Field(default="", pattern=f"^({NUMBER}|{SHORT_CODE})?$", description="the number for STOP, where sender is a name")
    country: str = Field(default="", pattern="^([A-Z]{2})?$", description="of numbers that begin without a plus, e.g. US")
    price: float | None = Field(default=None, ge=0, description="of one part of a message, in the project's currency")
    prices: dict[str, float] = Field(default={}, description="of one part, by country of the number")
    most_parts: int = Field(default=3, ge=1, le=10, description="of a message; a longer one is not sent")
    stop_answer: str = Field(default="You will get no more texts from us.", max_length=160, description="to STOP; sent once")
    help_answer: str = Field(default="Answer STOP to get no more texts from us.", max_length=160, description="to HELP")
    connections: int = Field(default=8, ge=1, le=100, description="requests of one process at the same time")
    reply_timeout: float = Field(default=30, gt=0, description="seconds")
    test_recipients: tuple[str, ...] = Field(default=(), description="numbers that test messages may go to")

    def price_to(self, country: str) -> float | None:
        """What one part costs to a number of this country; None = that is not known."""
        return self.prices.get(country, self.price)

    @field_validator("sender")
    @classmethod
    def _sender(cls, value: str) -> str:
        if not re.fullmatch(f"{NUMBER}|{SHORT_CODE}|{NAME}", value):
            raise ValueError(
                f"'{value}' is no sender of texts; write a number like +12125550100, a short code of 3 to 8 digits, "
                "or a name of up to 11 letters and digits"
            )
        return value

    @field_validator("test_recipients")
    @classmethod
    def _numbers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if not re.fullmatch(NUMBER, text):
                raise ValueError(f"'{text}' in test_recipients is no number; write it like +12125550100")
        return value

    @field_validator("prices")
    @classmethod
    def _prices(cls, value: dict[str, float]) -> dict[str, float]:
        for country, price in value.items():
            if not re.fullmatch("[A-Z]{2}", country) or price < 0:
                raise ValueError(f"prices.{country} = {price} is no price of a country; write for example prices = {{ US = 0.0083 }}")
        return value

    @model_validator(mode="after")
    def _somebody_can_stop(self) -> TextSettings:
        if re.fullmatch(NAME, self.sender) and not self.answers_to:
            raise ValueError(f"nobody can answer STOP to the name '{self.sender}'; set answers_to to a number that takes it")
        return self


class TwilioSettings(TextSettings):
    """An account at Twilio, or at whoever offers the same interface."""

    kind: Literal["twilio"]
    url: str = Field(default="https://api.twilio.com", description="http:// only on this machine")
    account: str = Field(pattern=r"^AC[0-9a-f]{32}$", description="AC and 32 digits, as the console shows it,")
    token_env: str | None = None
    token_file: str | None = None

    _safe_address = field_validator("url")(plain_address)

    def token(self) -> str | None:
        """The account's auth token, which also signs what Twilio tells."""
        return secret(self.token_env, self.token_file, "token")


class KannelSettings(TextSettings):
    """A Kannel gateway's sendsms interface."""

    kind: Literal["kannel"]
    url: str = Field(description="of sendsms, e.g. https://sms.example.com:13013/cgi-bin/sendsms; http:// only on this machine")
    user: str
    password_env: str | None = None
    password_file: str | None = None

    _safe_address = field_validator("url")(plain_address)

    def password(self) -> str | None:
        """The password of the sendsms user."""
        return secret(self.password_env, self.password_file, "password")
