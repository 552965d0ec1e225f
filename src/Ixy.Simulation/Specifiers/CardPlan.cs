using Ixy.Simulation.Cards;
using Ixy.Simulation.Wires;

namespace Ixy.Simulation.Specifiers;

/// <summary>A card whose options have been checked, to be created on its wire.</summary>
internal delegate CardModel CardPlan(Wire wire);
