using Ixy.Simulation.Specifiers;

namespace Ixy.Simulation.Ixgbe;

/// <summary>The part of a specifier that is specific to the 82599.</summary>
internal static class IxgbeSpecifier
{
    // First the 82599's, then the X540's additional ones, then the X550's.
    private static readonly (string Name, int Mbps)[] s_speeds =
        [("10G", 10_000), ("1G", 1_000), ("100M", 100), ("5G", 5_000), ("2.5G", 2_500)];

    internal static CardPlan Plan(SpecifierOptions options, MacAddress mac)
    {
        var (deviceId, speeds) = options.Take("model") switch
        {
            null or "82599" => (0x10FB, s_speeds[..2]),
            "x540" => (0x1528, s_speeds[..3]),
            "x550" => (0x1563, s_speeds),
            string other => throw SpecifierOptions.Invalid("model", other, "82599, x540 or x550"),
        };
        var card = new IxgbeCardOptions
        {
            DeviceId = (ushort)deviceId,
            PartnerSpeedMbps = Speed(options.Take("speed"), speeds),
            MacAddress = mac.Value,
            HasSiliconQuirks = options.Take("quirks") switch
            {
                null => false,
                "silicon" => true,
                string other => throw SpecifierOptions.Invalid("quirks", other, "silicon"),
            },
            PerverseSeed = BehaviourSpecifier.TakeSeed(options),
            LinkUpDelay = options.TakeTime("link-delay", new IxgbeCardOptions().LinkUpDelay),
        };
        return wire => new IxgbeCard(card, wire);
    }

    private static int Speed(string? text, (string Name, int Mbps)[] speeds)
    {
        if (text is null) return speeds[0].Mbps;
        int index = Array.FindIndex(speeds, speed => speed.Name.Equals(text, StringComparison.OrdinalIgnoreCase));
        if (index >= 0) return speeds[index].Mbps;
        var names = speeds.OrderBy(speed => speed.Mbps).Select(speed => speed.Name);
        throw SpecifierOptions.Invalid("speed", text, $"what this model can: {string.Join(", ", names)}");
    }
}
