"""Secrets and control characters out of text, and nothing else: the line stays readable. Pure.

Never before matching, which needs the text as it is; always before anything is stored, logged or sent.
"""
