"""The host's own login: a stand-in for Flask-Login, with the names of its functions."""

from functools import wraps

from flask import abort, g, session
from werkzeug.local import LocalProxy

from models import User, db


def load_user():
    if "host_user" not in g:
        g.host_user = db.session.get(User, session["_user_id"]) if "_user_id" in session else None
    return g.host_user


current_user = LocalProxy(load_user)


def login_user(user) -> None:
    session["_user_id"] = user.id


def login_required(view):
    @wraps(view)
    def guarded(*args, **kwargs):
        if not current_user:
            abort(401)
        return view(*args, **kwargs)

    return guarded
