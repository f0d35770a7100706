"""The query of an export. The formats themselves are in `techscreen/editing/exports/`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

FormatName = Literal["markdown", "html", "csv", "json", "lever", "greenhouse", "workable", "ashby"]


class ExportQuery(BaseModel):
    """In which format to export an interview."""

    model_config = ConfigDict(frozen=True)

    format: FormatName = Field("markdown", description="What each is for is in `docs/exports.md`.")
