"""Recurring work: one table of jobs, with leases, on one node or many."""
