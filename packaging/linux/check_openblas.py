"""Compares what the frozen program's OpenCV computes through numpy's OpenBLAS with numpy itself.

    python check_openblas.py dist/headcount/lib

Each routine that OpenCV hands to BLAS or LAPACK is called on matrices large enough that it does so. Exits with 1 on a
difference.
"""

import sys
from pathlib import Path

lib = Path(sys.argv[1]).resolve()
sys.path.insert(0, str(lib))

import cv2  # noqa: E402 - from the bundle
import numpy as np  # noqa: E402 - from the bundle

rng = np.random.default_rng(1)
failures = []


def same(what: str, got: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    scale = max(1.0, float(np.abs(expected).max()))
    if not np.all(np.abs(np.asarray(got) - expected) <= tolerance * scale):
        failures.append(what)


for dtype, tolerance in ((np.float32, 2e-3), (np.float64, 1e-8)):
    name = np.dtype(dtype).name
    a = rng.normal(size=(160, 160)).astype(dtype) + 8 * np.eye(160, dtype=dtype)
    b = rng.normal(size=(160, 7)).astype(dtype)
    tall = rng.normal(size=(200, 120)).astype(dtype)
    goal = rng.normal(size=(200, 7)).astype(dtype)
    positive = (a @ a.T + 400 * np.eye(160)).astype(dtype)
    truth = np.linalg.solve(a.astype(np.float64), b.astype(np.float64))
    same(f"gesv {name}", cv2.solve(a, b, flags=cv2.DECOMP_LU)[1], truth, tolerance)
    same(f"gesdd {name}", cv2.solve(a, b, flags=cv2.DECOMP_SVD)[1], truth, tolerance)
    truth = np.linalg.solve(positive.astype(np.float64), b.astype(np.float64))
    same(f"posv {name}", cv2.solve(positive, b, flags=cv2.DECOMP_CHOLESKY)[1], truth, 10 * tolerance)
    truth = np.linalg.lstsq(tall.astype(np.float64), goal.astype(np.float64), rcond=None)[0]
    same(f"gels {name}", cv2.solve(tall, goal, flags=cv2.DECOMP_QR)[1], truth, tolerance)
    values, left, right = cv2.SVDecomp(tall)
    same(f"gesdd values {name}", values[:, 0], np.linalg.svd(tall.astype(np.float64))[1], tolerance)
    same(f"gesdd product {name}", left * values[:, 0] @ right, tall.astype(np.float64), tolerance)
    same(f"gemm {name}", cv2.gemm(a, tall[:160], 1.5, None, 0.0), 1.5 * a @ tall[:160], tolerance)
    small = (a / 20).astype(dtype)
    same(f"getrf {name}", np.array(cv2.determinant(small)), np.linalg.det(small.astype(np.float64)), 50 * tolerance)
    same(
        f"potrf {name}",
        cv2.invert(positive, flags=cv2.DECOMP_CHOLESKY)[1],
        np.linalg.inv(positive.astype(float)),
        tolerance,
    )

symmetric = rng.normal(size=(40, 40))
symmetric = symmetric + symmetric.T
values, _ = cv2.eigenNonSymmetric(symmetric)
same("geev", np.sort(values[:, 0]), np.linalg.eigvalsh(symmetric), 1e-6)

loaded = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "libopenblas" in line}
if not loaded or any(not path.startswith(str(lib)) for path in loaded):
    failures.append(f"OpenCV used {sorted(loaded)}, not the library of the bundle")
print("one_openblas: " + ("differs: " + ", ".join(failures) if failures else "all routines agree with numpy"))
sys.exit(bool(failures))
