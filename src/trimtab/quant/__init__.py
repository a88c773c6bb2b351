"""Estimates from data, in floats: they propose, and never decide.

Estimators take their choices in the constructor, learn in `fit`, which returns themselves, and hold
what they learnt in attributes that end in an underscore; `report_` says how well it fits.
"""

from trimtab.quant.cadence import OracleCadence
from trimtab.quant.dependence import CopulaDependence
from trimtab.quant.diffusions import GeometricBrownian, HestonVolatility, MertonJumps
from trimtab.quant.first_passage import barrier_ratio, hit_probability
from trimtab.quant.flow_impact import FlowImpact
from trimtab.quant.garch import GARCH_RETURNS_LEAST, AsymmetricGarch
from trimtab.quant.gas_price import GasSlope
from trimtab.quant.impact import DepthResilience, DepthThinning, PowerImpact
from trimtab.quant.peg import PegReversion
from trimtab.quant.regimes import RegimeSwitching
from trimtab.quant.returns import FitReport, ReturnPanel, return_panel
from trimtab.quant.tails import BlockMaxima, ParetoTail

__all__ = [
    "GARCH_RETURNS_LEAST",
    "AsymmetricGarch",
    "BlockMaxima",
    "CopulaDependence",
    "DepthResilience",
    "DepthThinning",
    "FitReport",
    "FlowImpact",
    "GasSlope",
    "GeometricBrownian",
    "HestonVolatility",
    "MertonJumps",
    "OracleCadence",
    "ParetoTail",
    "PegReversion",
    "PowerImpact",
    "RegimeSwitching",
    "ReturnPanel",
    "barrier_ratio",
    "hit_probability",
    "return_panel",
]
