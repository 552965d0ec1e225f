using System.Text;
using System.Text.RegularExpressions;
using Ixy.Simulation;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Ixgbe.Registers;
using Ixy.Tests.Cli;

namespace Ixy.Tests.Driver;

/// <summary>
/// docs/ixgbe-registers-after-reset.md: every register of the card, whether a reset clears it, and what the driver does
/// about it. What survives is the model's table; what the driver writes is seen in a trace of its start.
/// </summary>
public sealed class AfterResetPageTests
{
    private const string Variable = "IXY_WRITE_DOCS", Page = "ixgbe-registers-after-reset.md";
    private const string Command =
        "IXY_WRITE_DOCS=1 dotnet test test/Ixy.Tests --filter FullyQualifiedName~AfterResetPageTests";

    // Registers that keep their value and are not written in all their elements: why that does no harm.
    private static readonly (string[] Names, string Why)[] s_notWritten =
    [
        (["RAL", "RAH"], "the reset loads the first from the EEPROM (3.4.3); of all others RAH.AV is cleared"),
        (["RDBAL", "RDBAH", "TDBAL", "TDBAH"], "written for every queue that is enabled; no other is fetched from"),
        (["SAQF", "DAQF", "SDPQF"], "looked at only with FTQF.Queue_Enable, which is cleared"),
        (["RETA", "ERETA", "RSSRK"], "looked at only in a mode of MRQC with RSS; then they are written before it"),
        (["WUPM", "FHFT", "FHFT_EXT", "WUC", "WUS", "WUPL"], "wake-up: of no effect while the card is in use (D0)"),
        (["PFMBMEM"], "mailboxes of virtual functions, which are off (GCR_EXT)"),
        (["ESDP"], "82599: laser on, SDP3 and SDP5 made outputs; the other pins are the board's"),
        (["LEDCTL"], "lights only"),
        (["FLA", "EEC"], "access to flash and EEPROM by bits, which the driver does not use"),
        (["I2CCTL", "I2CCTL_X550"], "the module is not asked"),
        (["GCR", "GTV", "FUNCTAG", "GLT", "MISC_REG", "BARCTRL", "PCIESPARE", "CDQ_MBR"],
            "set up by EEPROM and BIOS for the system it is in, and not by drivers"),
        (["GSCL", "GSCL_5"], "statistics of the bus"),
        (["PHYADR", "PHYDAT", "PHYCTL", "CIAA", "CIAD"], "windows: of effect only when they are used"),
        (["PICAUSE", "PIENA", "PCIEECCCTL", "ECC_STATUS", "ECC_CTRL"],
            "errors of bus and memories: their cause is masked (EIMC)"),
        (["SWSM", "SW_FW_SYNC"], "X540, X550: taken where the PHY is set up, also from a holder who does not answer"),
        (["FWSM", "FLEX_MNG", "HICR", "HSMC", "FWSTS", "SWSR", "LSWFW", "HFDR", "EEMNGDATA", "FLMNGCTL", "FLMNGDATA",
            "FLMNGCNT", "FLOP"], "the firmware's; the driver asks it for nothing"),
        (["MAVTV", "MFUTP", "BMCIP", "BMCIPVAL", "MDEF_EXT", "METF", "MANC", "MFVAL", "MANC2H", "MDEF", "MIPAF", "MMAL",
            "MMAH",
            "FTFT"], "the management controller's: what it takes is not the host's to say"),
        (["AUTOC", "AUTOC2", "AUTOC3", "LINKS", "LINKS2", "ANLP1", "ANLP2", "MACC"],
            "reset by CTRL.LRST, which the driver sets together with CTRL.RST"),
        (["SERDESC", "CORECTL"], "the analog part as the EEPROM has set it up"),
        (["MSCA", "MSRWD"], "a command to the PHY, done long ago"),
    ];

    [Fact]
    public void ThePageIsWhatModelAndDriverDo()
    {
        string path = Path.Combine(RepositoryTests.Root, "docs", Page);
        string page = Write();
        if (Environment.GetEnvironmentVariable(Variable) is "1") File.WriteAllText(path, page);
        Assert.True(
            File.Exists(path) && File.ReadAllText(path) == page, $"docs/{Page} is not what the code does: {Command}");
    }

    [Fact]
    public void EverySurvivorIsWrittenOrHasAReason()
    {
        var written = WrittenByTheDriver();
        var known = CardRegisters.All.Select(register => register.Name).ToHashSet();
        var survivors = ResetEffects.Survivors.SelectMany(group => group.Names).ToHashSet();
        string[] reasons = [.. s_notWritten.SelectMany(row => row.Names)];
        Assert.Empty(survivors.Except(known)); // no typing errors
        Assert.All(survivors.Except(reasons), name => Assert.True(IsWritten(written, name), name));
        Assert.Empty(reasons.Except(survivors));
        Assert.Equal(reasons.Length, reasons.Distinct().Count());
    }

    // Between the reset and RXCTRL.RXEN, on the model that has all registers: each element's name.
    private static HashSet<string> WrittenByTheDriver()
    {
        var trace = new List<string>();
        using (new DriverBench(DriverBench.Defaults, new() { DeviceId = 0x1563 },
            function => ((SimulatedPciDevice)function).Card.Trace = trace.Add))
        {
        }
        var start = trace.SkipWhile(access => access != "write CTRL <- 0x04000008")
            .TakeWhile(access => access != "write RXCTRL <- 0x00000001");
        return [.. start.Select(access => Regex.Match(access, "^write (\\S+) ").Groups[1].Value)];
    }

    private static bool IsWritten(HashSet<string> written, string name)
    {
        var register = CardRegisters.All.Single(register => register.Name == name);
        return register.Count == 1
            ? written.Contains(name)
            : Enumerable.Range(0, register.Count).All(index => written.Contains($"{name}[{index}]"));
    }

    private static string Write()
    {
        var written = WrittenByTheDriver();
        var page = new StringBuilder($"""
            # Registers after a reset

            What the driver before left behind is hostile input: the driver writes every register that keeps its value through the
            reset it starts with (CTRL.RST and CTRL.LRST), or says here why not. Made by a test from the model's `ResetEffects` and
            a trace of the driver's start (`{Command}`).

            ## Kept by a reset


            """);
        foreach (var (why, pciReset, names) in ResetEffects.Survivors)
        {
            string also = pciReset ? " (a reset of the PCI function keeps them, too)" : "";
            page.Append($"{char.ToUpperInvariant(why[0])}{why[1..]}{also}:\n\n| register | the driver |\n|---|---|\n");
            foreach (string name in names)
                page.Append($"| {name} | {(IsWritten(written, name) ? "writes it" : WhyNot(name))} |\n");
            page.Append('\n');
        }
        page.Append("Of CTRL_EXT one bit is kept, Extended VLAN (8.2.3.1.3): the driver clears it.\n\n## Cleared by a reset\n\n")
            .Append("Those with a star are written all the same, with the value that they have after a reset or that "
                + "the driver needs.\n\n");
        var cleared = CardRegisters.All.Where(register => ResetEffects.WhyKept(register) is null);
        string[] list = [.. cleared.OrderBy(register => register.Offset)
            .Select(register => register.Name.Replace("_", "\\_", StringComparison.Ordinal)
                + (IsWritten(written, register.Name) ? "\\*" : ""))];
        foreach (string[] line in list.Chunk(10))
            page.Append(string.Join(", ", line)).Append(line[^1] == list[^1] ? ".\n" : ",\n");
        return page.ToString();
    }

    private static string WhyNot(string name) => s_notWritten.Single(row => row.Names.Contains(name)).Why;
}
