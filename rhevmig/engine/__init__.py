"""The inventory and the migration port, from a real engine, through the official SDK over HTTP.

`client` is what a caller holds; `transport` and `connection` send, `faults` and `curl_numbers` map every
failure, `lists` and `reading` choose and read lists, `entities` convert, `assembling` joins, `tearing`
mends, `detail` reads what is dear. `port` is the migration
port, `acting` sends acts exactly once, `texts` reads what events say.
"""

from rhevmig.engine.client import EngineClient, connect
from rhevmig.engine.detail import DETAILS
from rhevmig.engine.port import EnginePort

__all__ = ["DETAILS", "EngineClient", "EnginePort", "connect"]
