using Ixy.Simulation.Cards;
using Ixy.Simulation.Wires;

namespace Ixy.Simulation.Specifiers;

/// <summary>A card whose options are checked, to be built on its wire.</summary>
internal delegate CardModel CardPlan(Wire wire);
