"""What runs in the reader's process (reader.py): a profile and a file in, then a task; the messages out."""

import gc
import pickle
import sys
import threading
from typing import IO

from klimatvaxling.errors import ExchangeError


def main(given: IO[bytes], results: IO[bytes]) -> None:
    """Read as told; the last message is what went wrong, if anything did."""
    gc.disable()
    from klimatvaxling.travel.sheet import open_for

    # While this one waits to be told the profile, and while the library for workbooks unpacks one.
    threading.Thread(target=_load_the_rest).start()
    profile, path = pickle.load(given)  # noqa: S301 - from the process that started this one
    try:
        file = open_for(profile, path)
        task = pickle.load(given)  # noqa: S301 - as above
        from klimatvaxling.batches.ahead import packed_messages

        for message in packed_messages(task, file):
            pickle.dump(message, results)
    except ExchangeError as fault:
        pickle.dump((fault, b""), results)
    results.flush()


def _load_the_rest() -> None:
    from klimatvaxling.batches import ahead  # noqa: F401 - loaded, for the thread that reads
    from klimatvaxling.emissions import airports

    airports.load()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
