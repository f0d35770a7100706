"""An ATS that has been there for years, with its own modules `auth`, `config`, `errors` and `models`."""

from datetime import datetime

import auth
import errors
from flask import Flask, request
from flask_login import current_user, login_required, login_user
from interviews import Caller, init_app, interview_bp

from models import Interview, User, db

ROLES = {"head of recruiting": "admin", "lead": "recruiting_lead", "engineer": "interviewer"}


def caller(_request):
    """Who calls the service: whoever has logged in to the host."""
    if not current_user.is_authenticated:
        return None
    return Caller(str(current_user.id), ROLES.get(current_user.job, "none"))


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_object("config")
    app.config["INTERVIEW_AUTHENTICATOR"] = caller
    db.init_app(app)
    auth.logins.init_app(app)
    errors.register(app)
    init_app(app, db=db)
    app.register_blueprint(interview_bp)

    @app.post("/login")
    def login():
        login_user(db.session.scalars(db.select(User).filter_by(name=request.form["name"])).one())
        return "welcome"

    @app.post("/interviews")
    @login_required
    def plan():
        planned = Interview(candidate=request.form["candidate"], interviewer_id=current_user.id, at=datetime.now())
        db.session.add(planned)
        db.session.commit()
        return {"id": planned.id}

    @app.get("/broken")
    def broken():
        raise ValueError("a fault of the host's")

    return app
