"""The inventory and the migration port, from a real engine, through the official SDK over HTTP.

`client` is what a caller holds; `transport` and `connection` send, `faults` and `curl_numbers` map every
failure, `lists` and `reading` choose and read lists, `entities` convert, `assembling` joins, `tearing`
mends, `detail` reads what is dear.
"""

from rhevmig.engine.client import EngineClient, connect
from rhevmig.engine.detail import DETAILS

__all__ = ["DETAILS", "EngineClient", "connect"]
