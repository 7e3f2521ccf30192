"""On a real GPU: what NVML calls reserved is what CUDA does not give out."""

import ctypes
import os
import subprocess
import sys

import pytest

from llmpick.hardware.machine import detect

_MIB = 2**20

_ASK_CUDA = """
import ctypes, sys
cuda = ctypes.CDLL("libcuda.so.1")
free, total, device, context = ctypes.c_size_t(), ctypes.c_size_t(), ctypes.c_int(), ctypes.c_void_p()
codes = [cuda.cuInit(0), cuda.cuDeviceGet(ctypes.byref(device), 0),
         cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device), cuda.cuCtxSetCurrent(context),
         cuda.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total))]
sys.exit(f"CUDA failed: {codes}") if any(codes) else print(free.value, total.value)
"""


@pytest.mark.gpu
def test_cuda_reports_the_usable_memory_as_its_total() -> None:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        pytest.skip("needs an NVIDIA GPU")
    machine = detect(environment={**os.environ, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"})
    own = [device for device in machine.devices if device.source == "nvml" and not device.unified]
    if not own:
        pytest.skip("needs a discrete NVIDIA GPU")
    variables = {**os.environ, "CUDA_VISIBLE_DEVICES": own[0].uuid or ""}
    run = subprocess.run([sys.executable, "-c", _ASK_CUDA], env=variables, capture_output=True, text=True, check=True)
    free, total = map(int, run.stdout.split())
    assert own[0].usable is not None
    assert abs(total - own[0].usable) <= 2 * _MIB
    assert free < total
