"""Where records live. Every file here is an alternative behind the ports `privyseal.store.Store`
and the repository ports of the domains. To add a database: one file with its connection, its
dialect and its errors, one row below, and its folder of migrations.
"""

STORES = {"sqlite": "privyseal.stores.sqlite:SqliteStore"}

# The same databases for reading only, as an auditor opens them.
READERS = {"sqlite": "privyseal.stores.sqlite_reader:SqliteReader"}
