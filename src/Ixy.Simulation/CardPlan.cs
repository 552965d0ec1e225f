using Ixy.Simulation.Wires;

namespace Ixy.Simulation;

/// <summary>A card whose options are checked, to be built on its wire.</summary>
internal delegate CardModel CardPlan(Wire wire);
