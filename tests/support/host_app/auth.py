"""The host's own login."""

from flask_login import LoginManager

from models import User, db

logins = LoginManager()


@logins.user_loader
def load_user(user_id):
    return db.session.get(User, int(user_id))
