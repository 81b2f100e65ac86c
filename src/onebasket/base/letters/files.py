"""Mail as files, one a message, named by its date and Message-ID: the same message again makes no second file."""

import os
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    """Django's back end of ONEBASKET_MAIL=file: the folder is EMAIL_FILE_PATH."""

    def __init__(self, *, fail_silently: bool = False, file_path: str | None = None, **more: object) -> None:
        """Keep the folder; it is made with the first mail."""
        super().__init__(fail_silently=fail_silently, **more)
        self._folder = Path(file_path or settings.EMAIL_FILE_PATH)  # type: ignore[misc] # of Django, and set where files are kept

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each message that has a receiver to its file; return how many are there now."""
        kept = 0
        for one in email_messages:
            if one.recipients():
                self._keep(one)
                kept += 1
        return kept

    def _keep(self, one: EmailMessage) -> None:
        message = one.message()
        at = parsedate_to_datetime(str(message["Date"]))
        name = f"{at:%Y%m%d-%H%M%S}-{sha256(str(message['Message-ID']).encode()).hexdigest()[:16]}.eml"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f".{name}.{token_hex(4)}"
        try:
            with draft.open("xb") as file:
                file.write(message.as_bytes(linesep="\r\n"))
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self._folder / name)  # whole or not at all; over itself where it was written before
        finally:
            draft.unlink(missing_ok=True)
        entry = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)
