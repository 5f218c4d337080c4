"""The authority that issues for devices is replaced, in one guided operation.

model.py   the operation as a record, its steps and states as tables
ports.py   what it asks of the database
plan.py    what the new authority is to be, and what the operation will revoke
orders.py  started, looked at, resumed, aborted
work.py    carried out in the background
acts.py    what each step does
"""
