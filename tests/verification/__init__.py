"""How close the lab is to the recorded engine: every recorded exchange is repeated and compared."""
