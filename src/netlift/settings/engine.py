"""Where SQL runs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit

from pydantic import Field, model_validator

from netlift.settings.section import Section, secret, this_machine


class EngineSettings(Section):
    """Where SQL runs. Files are always checked by DuckDB; with Spark, the features are computed there."""

    name: Literal["duckdb", "spark"] = "duckdb"
    threads: int | None = Field(default=None, ge=1, le=1024, description="default: all cores")
    memory_limit: str | None = Field(default=None, pattern=r"^\d+(\.\d+)?\s?(MB|GB|MiB|GiB)$", description="e.g. '2GB'")
    master: str | None = Field(default=None, pattern=r"^local\[(\d+|\*)\]$", description="Spark on this machine; default 'local[*]'")
    remote: str | None = Field(
        default=None, pattern=r"^sc://[^/@\s]+(/|$)", description="a Spark Connect server, e.g. sc://spark.example.com"
    )
    token_env: str | None = Field(default=None, description="environment variable with the server's token; the way there is TLS then")
    exchange: Path | None = Field(default=None, description="folder that this machine and Spark's workers see under the same path")

    @model_validator(mode="after")
    def _spark_fits(self) -> EngineSettings:
        for key in ("master", "remote", "token_env", "exchange"):
            if self.name != "spark" and getattr(self, key) is not None:
                raise ValueError(f"{key} is for Spark, and name is '{self.name}'; write name = 'spark' or take {key} away")
        if self.remote is None:
            if self.token_env is not None:
                raise ValueError("token_env is for a server, and no remote is named")
            return self._exchange_fits()
        if self.master is not None:
            raise ValueError("master and remote are both given; Spark runs either on this machine or on a server")
        if "token=" in self.remote:
            raise ValueError("remote holds a token; secrets are not written here: name an environment variable in token_env")
        if self.exchange is None and not this_machine(urlsplit(self.remote).hostname or ""):
            raise ValueError("remote is another machine, so exchange must name a folder that this machine and Spark's workers both see")
        return self._exchange_fits()

    def _exchange_fits(self) -> EngineSettings:
        if self.exchange is not None and not self.exchange.is_absolute():
            raise ValueError(f"exchange is '{self.exchange}', and an absolute path is needed")
        return self

    def connect_url(self) -> str:
        """The address of the Spark Connect server, with the token from the environment."""
        token = secret(self.token_env, None, "engine.token")
        remote = self.remote or ""
        if token is None:
            return remote
        start = remote if "/" in remote.removeprefix("sc://") else f"{remote}/"
        return f"{start};use_ssl=true;token={quote(token, safe='')}"
