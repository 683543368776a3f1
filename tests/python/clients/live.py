"""A cluster for the tests of one client, and what is asked of it."""

from cluster import Cluster

MODEL = "unmask-tiny"
PROMPT = "What is 347 + 285?"
ANSWER = "347+285=632"


class Live:
    """`unmask up` until stop(), and where its API of OpenAI's is."""

    def __init__(self):
        self._cluster = Cluster()
        self.http = self._cluster.process_of("gateway")["http"]
        self.api = self.http + "/v1"

    def stop(self):
        self._cluster.stop()
