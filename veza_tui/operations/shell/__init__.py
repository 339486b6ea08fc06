"""Shells and commands in containers: who may, where, with which shell, on the record; and the terminal around them."""
