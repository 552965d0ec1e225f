using System.CommandLine;
using System.Text.Json;
using Ixy.Cli.Output;
using Ixy.Setup;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary><c>ixy doctor [ADDR]</c>: what prevents <c>ixy fwd</c> from running here, and how to fix it.</summary>
internal static class DoctorCommand
{
    /// <summary>
    /// What <c>ixy fwd</c> with its defaults needs for two cards: 8 MiB of packet buffers each, rings, and some spare.
    /// </summary>
    internal const long DmaBytes = 32 << 20;

    // Columns, from the left.
    private const int Check = 9, Text = 24, Widest = 100, Narrowest = 60;

    internal static Command Create()
    {
        var address = CommonOptions.OptionalAddress();
        var json = CommonOptions.Json();
        var command = new Command("doctor", OperateTexts.Doctor) { address, json };
        command.SetAction(parsed =>
        {
            var report = Doctor.Examine(parsed.GetValue(address), new()
            {
                FindDriver = NetworkDevice.FindDriver,
                DmaBytes = DmaBytes,
                Try = TryToOpen,
            });
            foreach (string warning in report.Warnings) Console.Error.WriteLine($"ixy: {warning}");
            if (parsed.GetValue(json)) Console.Out.WriteLine(Serialize(ToJson(report, parsed.GetValue(address))));
            else Print(report, parsed.GetValue(address), new(Console.Out, Console.IsOutputRedirected));
            return report.IsReady ? 0 : 1;
        });
        return command;
    }

    /// <summary>For people.</summary>
    internal static void Print(DoctorReport report, PciAddress? address, Screen screen)
    {
        foreach (var finding in report.Findings) Print(finding, screen);
        foreach (var card in report.Cards)
        {
            screen.WriteLine();
            screen.WriteLine($"{card.Card.Address}");
            // With many cards, show only what matters: it has to fit on a screen.
            foreach (var finding in card.Findings
                .Where(finding => address is not null || finding.Check == "card" || finding.Verdict != Verdict.Ok))
                Print(finding, screen);
        }
        screen.WriteLine();
        foreach (string line in Wrap(Conclusion(report, address), screen.Width ?? Widest)) screen.WriteLine(line);
    }

    private static void TryToOpen(PciAddress address)
    {
        using var function = NetworkDevice.OpenPci($"{address}");
        NetworkDevice.Check(function);
    }

    private static void Print(Finding finding, Screen screen)
    {
        int width = Math.Clamp(screen.Width ?? Widest, Narrowest, Widest) - Text;
        string margin = new(' ', Text);
        string[] lines = [.. Wrap(finding.Text, width)];
        screen.WriteMarked(Word(finding.Verdict), finding.Verdict switch
        {
            Verdict.Ok => Mark.Good,
            Verdict.Note => Mark.Notable,
            _ => Mark.Bad,
        }, $"{new string(' ', Check - Word(finding.Verdict).Length)}{finding.Check.PadRight(Text - Check)}{lines[0]}");
        foreach (string line in lines.Skip(1)) screen.WriteLine($"{margin}{line}");
        // A command stays on one line, however long it is.
        if (finding.Cure is { } cure) screen.WriteLine($"{margin}$ {cure}");
    }

    private static string Conclusion(DoctorReport report, PciAddress? address)
    {
        string[] ready = [.. report.Cards.Where(card => card.IsReady).Select(card => $"{card.Card.Address}")];
        return ready.Length > 0 ? $"ready: '{IxyCommand.Name} fwd' would run on {string.Join(", ", ready)}"
            : report.IsReady ? $"there is no card here that ixy can drive: '{IxyCommand.Name} fwd' would run on "
                + "simulated ones, as sim:ixgbe,wire=generator"
            : HasProblem(report) ? $"not ready: what is marked as a problem keeps '{IxyCommand.Name} fwd' from running "
                + "on " + (address is null ? "a card" : $"{address}")
            : $"not ready: no card is free for ixy; '{IxyCommand.Name} doctor ADDR' says what one of them needs";
    }

    private static bool HasProblem(DoctorReport report) =>
        report.Findings.Concat(report.Cards.SelectMany(card => card.Findings))
            .Any(finding => finding.Verdict == Verdict.Problem);

    private static IEnumerable<string> Wrap(string text, int width)
    {
        string line = "";
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }
            line = line.Length == 0 ? word : $"{line} {word}";
        }
        yield return line;
    }

    /// <summary>For programs.</summary>
    internal static DoctorJson ToJson(DoctorReport report, PciAddress? address) => new(
        "doctor", address is { } asked ? $"{asked}" : null, report.IsReady, ToJson(report.Machine),
        [.. report.Findings.Select(ToJson)], [.. report.Cards.Select(ToJson)], report.Warnings);

    private static string Serialize(DoctorJson report) =>
        JsonSerializer.Serialize(report, OperateJsonContext.Default.DoctorJson);

    private static MachineJson ToJson(MachineFacts machine) => new(
        machine.Cores, machine.AllowedCores, machine.IsolatedCores, machine.ThreadsPerCore, machine.SharedCores,
        machine.Governors, machine.Nodes, Word(machine.Iommu), machine.RemapsInterrupts, machine.VfioModules,
        machine.Lockdown, machine.IsRoot, machine.LockedMemoryLimit, DmaBytes,
        [.. machine.HugePages.Select(pool => new PoolJson(pool.PageLength, pool.Node, pool.Total, pool.Free))]);

    private static FindingJson ToJson(Finding finding) =>
        new(finding.Check, Word(finding.Verdict), finding.Text, finding.Cure);

    private static ExaminedCardJson ToJson(ExaminedCard card) => new(
        $"{card.Card.Address}", card.Card.Driver, card.Driver, card.Access == CardAccess.Vfio ? "vfio" : "sysfs",
        card.IsReady, [.. card.Findings.Select(ToJson)]);

    private static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Ok => "ok",
        Verdict.Note => "note",
        _ => "problem",
    };

    private static string Word(IommuMode mode) => mode switch
    {
        IommuMode.Off => "off",
        IommuMode.Passthrough => "passthrough",
        IommuMode.Translating => "translating",
        _ => "mixed",
    };
}
