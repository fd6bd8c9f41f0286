"""The lab on the wire: HTTPS server, sign-on, accounts and the cost of requests."""
