"""A real Ray cluster of a head and two nodes, all on this machine, for the tests of this folder."""

from __future__ import annotations

import pytest

from smartprod.engines.ray_cluster import OBJECT_STORE_BYTES, import_ray


class RayMachines:
    """A head that works at nothing, and two machines with two processors each, one of them with two made-up GPUs."""

    def __init__(self):
        import_ray()
        from ray.cluster_utils import Cluster

        common = {"object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **common})
        try:
            self._common = {"num_cpus": 2, "object_store_memory": OBJECT_STORE_BYTES}
            self._cluster.add_node(**self._common, num_gpus=2)
            self.second = self._cluster.add_node(**self._common)
        except BaseException:
            self._cluster.shutdown()
            raise

    @property
    def address(self) -> str:
        return self._cluster.address

    def kill_second(self) -> None:
        self._cluster.remove_node(self.second, allow_graceful=False)

    def mend(self) -> None:
        """Put a machine in the place of a killed one."""
        if self.second not in self._cluster.list_all_nodes():
            self.second = self._cluster.add_node(**self._common)

    def end(self) -> None:
        self._cluster.shutdown()


@pytest.fixture(scope="package")
def cluster():
    machines = RayMachines()
    yield machines
    machines.end()


@pytest.fixture
def machines(cluster):
    """The cluster, whole again after the test."""
    yield cluster
    cluster.mend()
