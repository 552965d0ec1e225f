using System.Numerics;
using Ixy.Simulation.Specifiers;
using Ixy.Virtio;

namespace Ixy.Simulation.Virtio;

/// <summary>The part of a specifier that is specific to a virtio-net card.</summary>
internal static class VirtioSpecifier
{
    private const int LeastMtu = 68, GreatestMtu = 65_535;

    internal static CardPlan Plan(SpecifierOptions options, MacAddress mac)
    {
        bool isPacked = TakeSwitch(options, "packed", otherwise: false);
        return PlanCard(options, new() { MacAddress = mac.Value, IsPacked = isPacked });
    }

    internal static CardPlan PlanLegacy(SpecifierOptions options, MacAddress mac) =>
        PlanCard(options, new() { MacAddress = mac.Value, IsLegacy = true });

    private static CardPlan PlanCard(SpecifierOptions options, VirtioCardOptions basis)
    {
        var card = basis with
        {
            QueuePairs = (int)options.TakeNumber("queues", 1, VirtioCardOptions.MostQueuePairs, basis.QueuePairs),
            QueueSize = QueueSize(options, basis),
            Mtu = (int)options.TakeNumber("mtu", LeastMtu, GreatestMtu, basis.Mtu),
            HasChecksums = TakeSwitch(options, "csum", basis.HasChecksums),
            Withheld = Withheld(options),
            PerverseSeed = BehaviourSpecifier.TakeSeed(options),
        };
        return wire => new VirtioCard(card, wire);
    }

    private static bool TakeSwitch(SpecifierOptions options, string name, bool otherwise) => options.Take(name) switch
    {
        null => otherwise,
        "off" => false,
        "on" => true,
        string other => throw SpecifierOptions.Invalid(name, other, "on or off"),
    };

    // A split ring has a power of two of descriptors (2.7), a packed one any number (2.8).
    private static int QueueSize(SpecifierOptions options, VirtioCardOptions basis)
    {
        int size = (int)options.TakeNumber("queue-size", 1, VirtioCardOptions.LargestQueue, basis.QueueSize);
        if (basis.IsPacked || BitOperations.IsPow2(size)) return size;
        throw SpecifierOptions.Invalid(
            "queue-size", $"{size}", $"a power of two up to {VirtioCardOptions.LargestQueue}, or packed=on");
    }

    private static VirtioFeatures Withheld(SpecifierOptions options)
    {
        VirtioFeatures withheld = 0;
        foreach (string name in options.Take("without")?.Split('+') ?? [])
        {
            if (!CardFeatures.Names.TryGetValue(name, out var feature))
                throw SpecifierOptions.Invalid(
                    "without", name, $"features joined by +: {string.Join(", ", CardFeatures.Names.Keys)}");
            withheld |= feature;
        }
        return withheld;
    }
}
