"""The inventory and the migration port, from a real engine, through the official SDK over HTTP.

`client` is what a caller holds; `transport` and `connection` send, `faults` and `curl_numbers` map every
failure, `lists` and `reading` choose and read lists, `entities` convert, `assembling` joins, `tearing`
mends, `detail` reads what is dear. `port` is the migration
port, `acting` sends acts exactly once, `texts` reads what events say.
"""

from rhevmig.engine.details import DETAILS
from rhevmig.engine.migration_port import EnginePort
from rhevmig.engine.session import EngineClient, connect

__all__ = ["DETAILS", "EngineClient", "EnginePort", "connect"]
