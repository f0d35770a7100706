"""The host's own tables. It has had interviews for years: appointments with candidates."""

from datetime import datetime

from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, MetaData, String
from sqlalchemy.orm import Mapped, mapped_column

db = SQLAlchemy(metadata=MetaData(naming_convention={"ix": "idx_%(table_name)s_%(column_0_name)s"}))


class User(UserMixin, db.Model):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    job: Mapped[str] = mapped_column(String(50))


class Interview(db.Model):
    __tablename__ = "interviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    candidate: Mapped[str] = mapped_column(String(100), index=True)
    interviewer_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
