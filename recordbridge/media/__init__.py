"""WAV and MP3: what Asterisk wrote becomes the file that is delivered (M-1).

`Encoder` is the package's one public name; everything in it works file to file in chunks, so
that a recording of 24 hours takes no more memory than one of three seconds.
"""

from recordbridge.media.worker import Encoder

__all__ = ["Encoder"]
