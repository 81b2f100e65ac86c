"""Group commit: concurrent requests are gathered into one batch, decided one after the other, committed once.

One process decides (`server`), and as many as wanted ask it over a socket (`client`): the deciding thread shares its
interpreter with nobody, and requests are parsed and answers written on other cores. While a batch is decided the next
one gathers in the sockets.
"""

from onebasket.base.committer.client import Client as Client
from onebasket.base.committer.performing import Action as Action
from onebasket.base.committer.performing import UnavailableError as UnavailableError
from onebasket.base.committer.performing import lost_race as lost_race
from onebasket.base.committer.performing import perform as perform
from onebasket.base.committer.server import Committer as Committer
from onebasket.base.committer.wire import BrokenRequestError as BrokenRequestError
from onebasket.base.committer.wire import HotAction as HotAction
from onebasket.base.committer.wire import QueueFullError as QueueFullError
from onebasket.base.committer.wire import State as State
