using Ixy.Simulation.Cards;
using Ixy.Simulation.Specifiers;
using Ixy.Vfio;

namespace Ixy.Simulation.Faults;

/// <summary>
/// Faults as text: <c>NAME[@WHEN][/DURATION]</c>, several joined by <c>+</c>. WHEN is a time, or a number of frames
/// followed by <c>rx</c> or <c>tx</c>.
/// </summary>
internal static class FaultSpecifier
{
    private const string Form = "NAME[@WHEN][/DURATION], several joined by +: WHEN is a time as 5ms or a number of "
        + "frames as 100rx or 100tx, DURATION a time";

    /// <summary>The faults planned in a card's specifier.</summary>
    internal static IReadOnlyList<PlannedFault> Take(SpecifierOptions options, string card) =>
        options.Take("fault") is { } text ? Parse(text, card) : [];

    /// <exception cref="DeviceSpecifierException">It is malformed, or this kind of card cannot have it.</exception>
    internal static IReadOnlyList<PlannedFault> Parse(string text, string card) =>
        [.. text.Split('+').Select(one => ParseOne(one, card))];

    /// <exception cref="DeviceSpecifierException">This kind of card cannot have it, or it has no duration.</exception>
    internal static PlannedFault Checked(PlannedFault planned, string card)
    {
        var fault = planned.Fault;
        if (!fault.Cards.Contains(card))
            throw Invalid(fault.Name, $"a fault of {card}: {string.Join(", ", Of(card))}");
        if (fault.Course == FaultCourse.Once && planned.Duration is not null)
            throw Invalid(fault.Name, "no duration, as it happens once");
        return planned;
    }

    /// <exception cref="DeviceSpecifierException">Something that one of the faults needs is not there.</exception>
    internal static void RequireAll(IEnumerable<PlannedFault> planned, CardModel card)
    {
        foreach (var fault in planned.Select(one => one.Fault))
        {
            if (!card.HasWhatItNeeds(fault)) throw Invalid(fault.Name, fault.Needs!);
        }
    }

    private static PlannedFault ParseOne(string text, string card)
    {
        string[] parts = text.Split('/'), head = parts[0].Split('@');
        if (parts.Length > 2 || head.Length > 2) throw Invalid(text, Form);
        var fault = CardFault.All.FirstOrDefault(fault => fault.Name == head[0])
            ?? throw Invalid(text, $"{Form}; NAME is one of {string.Join(", ", Of(card))}");
        var planned = new PlannedFault(fault);
        if (head.Length == 2) planned = At(planned, head[1]) ?? throw Invalid(text, Form);
        if (parts.Length == 2)
            planned = SpecifierOptions.TryParseTime(parts[1], out long duration) && duration > 0
                ? planned with { Duration = duration } : throw Invalid(text, Form);
        return Checked(planned, card);
    }

    private static PlannedFault? At(PlannedFault planned, string when)
    {
        if (SpecifierOptions.TryParseTime(when, out long time)) return planned with { After = time };
        if (when.Length < 3 || !SpecifierOptions.TryParseNumber(when[..^2], out long frames)) return null;
        return when[^2..] switch
        {
            "rx" => planned with { Received = frames },
            "tx" => planned with { Sent = frames },
            _ => null,
        };
    }

    private static IEnumerable<string> Of(string card) =>
        CardFault.All.Where(fault => fault.Cards.Contains(card)).Select(fault => fault.Name);

    private static DeviceSpecifierException Invalid(string text, string expected) =>
        SpecifierOptions.Invalid("fault", text, expected);
}
