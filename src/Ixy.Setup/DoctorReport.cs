namespace Ixy.Setup;

/// <summary>The result of an examination.</summary>
/// <param name="Machine">Facts about the machine.</param>
/// <param name="Findings">What they mean for the cards, in a fixed order.</param>
/// <param name="Cards">The cards, in the order of their addresses.</param>
/// <param name="IsReady">The requested card can be driven. If none was requested: at least one can, or there is none
/// that the program has a driver for, so that it has only simulated cards.</param>
/// <param name="Warnings">What could not be read, and cards omitted because of that: one sentence each.</param>
public sealed record DoctorReport(
    MachineFacts Machine, IReadOnlyList<Finding> Findings, IReadOnlyList<ExaminedCard> Cards, bool IsReady,
    IReadOnlyList<string> Warnings);

/// <summary>How good a finding is.</summary>
public enum Verdict
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Nothing fails because of it, but it is worth knowing.</summary>
    Note,

    /// <summary>It prevents an examined card from being driven.</summary>
    Problem,
}

/// <summary>A finding about one thing.</summary>
/// <param name="Check">What was checked, in a word or two, as in <c>huge pages</c>.</param>
/// <param name="Verdict">How good it is.</param>
/// <param name="Text">What was found and, if it is not as it should be, what was expected.</param>
/// <param name="Cure">The shell command that fixes it; null if none is needed or there is none.</param>
public sealed record Finding(string Check, Verdict Verdict, string Text, string? Cure = null);

/// <summary>How a card is accessed from user space.</summary>
public enum CardAccess
{
    /// <summary>Through VFIO, behind an IOMMU.</summary>
    Vfio,

    /// <summary>Through sysfs, with physical addresses, as root.</summary>
    Sysfs,
}

/// <summary>A network card that was examined.</summary>
/// <param name="Card">The card.</param>
/// <param name="Driver">The program's driver for it; null if there is none.</param>
/// <param name="Access">How it is accessed, or would be once everything is fixed.</param>
/// <param name="Findings">What was found, in a fixed order.</param>
/// <param name="IsReady">It can be driven as it is.</param>
public sealed record ExaminedCard(
    NetworkController Card, string? Driver, CardAccess Access, IReadOnlyList<Finding> Findings, bool IsReady);
