namespace Ixy.Simulation.Ixgbe;

/// <summary>The part of a specifier that says what is special about an 82599.</summary>
internal static class IxgbeSpecifier
{
    internal static CardPlan Plan(SpecifierOptions options, MacAddress mac)
    {
        var card = new IxgbeCardOptions
        {
            DeviceId = options.Take("model") switch
            {
                null or "82599" => 0x10FB,
                "x540" => 0x1528,
                "x550" => 0x1563,
                string other => throw SpecifierOptions.Invalid("model", other, "82599, x540 or x550"),
            },
            MacAddress = mac.Value,
            LinkUpDelay = options.TakeTime("link-delay", new IxgbeCardOptions().LinkUpDelay),
        };
        return wire => new IxgbeCard(card, wire);
    }
}
