"""Certificates as values: algorithms, names, CSRs, profiles, building, lint, chains. No I/O.

A certificate is built from bytes that were checked, never from objects that were decoded and
encoded again: whatever was legal in the CSR arrives in the certificate exactly as it was.
"""
