"""Who somebody is: logins with OpenID Connect, and the accounts of the embedded identity server.

It says which account somebody has shown; `lfr_core.custody.people` says which person that is and what they may do.
"""

from __future__ import annotations
