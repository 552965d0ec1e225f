using Ixy.Setup.Bus;
using Ixy.Vfio;

namespace Ixy.Setup.Examination;

/// <summary>One examination: first the cards, then what the machine offers for each kind of access.</summary>
internal sealed class Examiner(PciBus bus, MachineFiles files, DoctorOptions options)
{
    /// <inheritdoc cref="Doctor.Examine"/>
    internal DoctorReport Examine(PciAddress? address)
    {
        var warnings = new List<string>();
        var machine = FactsReader.Read(files);
        var cards = Find(address, warnings)
            .Select(card => new CardExamination(
                card, bus.Function($"{card.Address}"), machine, files, options, isAskedFor: address is not null))
            .ToList();
        // A card that is in use, or that has no driver, places no demands on the machine.
        var wanted = cards.Where(card => card.IsWanted).Select(card => card.Access).ToHashSet();
        var findings = new MachineExamination(machine, files, options.DmaBytes, address, wanted).Findings().ToList();
        var blocked = findings.Where(found => found.Finding.Verdict == Verdict.Problem)
            .Select(found => found.For).ToHashSet();
        ExaminedCard[] examined = [.. cards.Select(card => card.Conclude(isBlocked: blocked.Contains(card.Access)))];
        bool isReady = examined.Any(card => card.IsReady)
            || address is null && examined.All(card => card.Driver is null);
        return new(machine, [.. findings.Select(found => found.Finding)], examined, isReady, warnings);
    }

    private IEnumerable<NetworkController> Find(PciAddress? address, List<string> warnings)
    {
        if (address is null) return NetworkController.FindAll(bus, warnings.Add);
        var function = bus.Function($"{address}");
        if (!function.IsNetworkController)
            throw new PciDeviceException(
                $"{function.Name} is not a network card: its PCI class is {function.ClassCode:x6}, expected 02xxxx; "
                + $"'{IxyCommand.Name} list' shows those there are");
        return [NetworkController.Of(function, new(bus.Processes), warnings.Add)];
    }
}
