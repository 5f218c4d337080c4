"""Certificates by pull request: files in a folder say what is to be issued and what is to be revoked."""
