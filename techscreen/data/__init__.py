"""Data files: the word lists and tables that checks and topics read, and the recorded examples of the API document.

`DATA` is their folder. Imports nothing of ours.
"""

from pathlib import Path

DATA = Path(__file__).parent
