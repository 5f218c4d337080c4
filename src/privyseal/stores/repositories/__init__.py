"""One repository per domain port, written once in the SQL subset that every store takes."""
