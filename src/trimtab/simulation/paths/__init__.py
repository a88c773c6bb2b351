"""Price paths: processes calibrated from data, resampled history, windows of it, shocks and pegs.

`price_paths(model, grid, seed=..., paths=...)` makes them. Path k depends on the model, the grid,
the seed and k alone: any worker makes the same one, in any batch.
"""

from trimtab.simulation.paths.diffusions import Brownian, HestonPaths, JumpPaths
from trimtab.simulation.paths.driving import Dependence
from trimtab.simulation.paths.exact import case_on_path
from trimtab.simulation.paths.fitted import Fitted, PathKind, fitted_paths, panel_of_case
from trimtab.simulation.paths.loadings import annual_covariance, driver_loadings
from trimtab.simulation.paths.making import PathGrid, PathModel, path_positions, price_paths
from trimtab.simulation.paths.pegs import PegPaths
from trimtab.simulation.paths.resampling import (
    BlockBootstrap,
    FilteredHistory,
    GarchPaths,
    HistoryWindows,
)
from trimtab.simulation.paths.sampling import PLAIN, Sampling, SamplingKind
from trimtab.simulation.paths.shocks import (
    NAMED_SHOCKS,
    BesideStill,
    Louder,
    Shocked,
    ShockMove,
    Still,
)
from trimtab.simulation.paths.switching import RegimePaths

__all__ = [
    "NAMED_SHOCKS",
    "PLAIN",
    "BesideStill",
    "BlockBootstrap",
    "Brownian",
    "Dependence",
    "FilteredHistory",
    "Fitted",
    "GarchPaths",
    "HestonPaths",
    "HistoryWindows",
    "JumpPaths",
    "Louder",
    "PathGrid",
    "PathKind",
    "PathModel",
    "PegPaths",
    "RegimePaths",
    "Sampling",
    "SamplingKind",
    "ShockMove",
    "Shocked",
    "Still",
    "annual_covariance",
    "case_on_path",
    "driver_loadings",
    "fitted_paths",
    "panel_of_case",
    "path_positions",
    "price_paths",
]
