"""Our client at our server on another stack.

usage: our-client.py PROGRAM [SERVER]
"""

import sys

from schedule import exercise_client, our_listener

exercise_client(lambda url: our_listener(sys.argv[1], url))
