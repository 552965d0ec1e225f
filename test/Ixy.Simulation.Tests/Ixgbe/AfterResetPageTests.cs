using System.Text;
using System.Text.RegularExpressions;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Ixgbe.Registers;

namespace Ixy.Simulation.Tests.Ixgbe;

/// <summary>
/// docs/ixgbe-registers-after-reset.md: every register of the card, whether a reset clears it, and what the driver does
/// about it. The survivors are listed in the model's table; a trace of the driver's start shows what it writes.
/// </summary>
public sealed class AfterResetPageTests
{
    private const string Variable = "IXY_WRITE_DOCS", Page = "ixgbe-registers-after-reset.md";
    private const string Command =
        "IXY_WRITE_DOCS=1 dotnet test test/Ixy.Simulation.Tests --filter FullyQualifiedName~AfterResetPageTests";

    // Registers that keep their value and that the driver does not write completely: why that does no harm.
    private static readonly (string[] Names, string Why)[] s_notWritten =
    [
        (["RAL", "RAH"], "the reset loads the first from the EEPROM (3.4.3); the driver clears RAH.AV of all others"),
        (["RDBAL", "RDBAH", "TDBAL", "TDBAH"], "written for every enabled queue; the card fetches from no other"),
        (["SAQF", "DAQF", "SDPQF"], "used only with FTQF.Queue_Enable, which is cleared"),
        (["RETA", "ERETA", "RSSRK"], "used only in an RSS mode of MRQC, and written before that is set"),
        (["WUPM", "FHFT", "FHFT_EXT", "WUC", "WUS", "WUPL"], "wake-up: no effect while the card is in use (D0)"),
        (["PFMBMEM"], "mailboxes of virtual functions, which are off (GCR_EXT)"),
        (["ESDP"], "82599: laser on, SDP3 and SDP5 set as outputs; the other pins belong to the board"),
        (["LEDCTL"], "LEDs only"),
        (["FLA", "EEC"], "bit-level access to flash and EEPROM, which the driver does not use"),
        (["I2CCTL", "I2CCTL_X550"], "the driver does not query the module"),
        (["GCR", "GTV", "FUNCTAG", "GLT", "MISC_REG", "BARCTRL", "PCIESPARE", "CDQ_MBR"],
            "set up by EEPROM and BIOS for the system, not by drivers"),
        (["GSCL", "GSCL_5"], "bus statistics"),
        (["PHYADR", "PHYDAT", "PHYCTL", "CIAA", "CIAD"], "windows: no effect until used"),
        (["PICAUSE", "PIENA", "PCIEECCCTL", "ECC_STATUS", "ECC_CTRL"],
            "bus and memory errors: their cause is masked (EIMC)"),
        (["SWSM", "SW_FW_SYNC"], "X540, X550: taken when the PHY is set up, even from a holder that does not answer"),
        (["FWSM", "FLEX_MNG", "HICR", "HSMC", "FWSTS", "SWSR", "LSWFW", "HFDR", "EEMNGDATA", "FLMNGCTL", "FLMNGDATA",
            "FLMNGCNT", "FLOP"], "belongs to the firmware; the driver requests nothing from it"),
        (["MAVTV", "MFUTP", "BMCIP", "BMCIPVAL", "MDEF_EXT", "METF", "MANC", "MFVAL", "MANC2H", "MDEF", "MIPAF", "MMAL",
            "MMAH",
            "FTFT"], "belongs to the management controller: the host does not decide which frames it takes"),
        (["AUTOC", "AUTOC2", "AUTOC3", "LINKS", "LINKS2", "ANLP1", "ANLP2", "MACC"],
            "reset by CTRL.LRST, which the driver sets with CTRL.RST"),
        (["SERDESC", "CORECTL"], "analog settings, loaded from the EEPROM"),
        (["MSCA", "MSRWD"], "a PHY command that has long finished"),
    ];

    [Fact]
    public void ThePageIsWhatModelAndDriverDo()
    {
        string path = Path.Combine(Checkout.Root, "docs", Page);
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
        Assert.Empty(survivors.Except(known)); // no typos
        Assert.All(survivors.Except(reasons), name => Assert.True(IsWritten(written, name), name));
        Assert.Empty(reasons.Except(survivors));
        Assert.Equal(reasons.Length, reasons.Distinct().Count());
    }

    // 4.6.11.3.4. The datasheet's reset gives them a size (8.2.3.8.9, 8.2.3.9.13); the model's does not.
    [Theory]
    [InlineData("RXPBSIZE")]
    [InlineData("TXPBSIZE")]
    public void PacketBuffersOfOtherTrafficClassesHaveNoSize(string register)
    {
        var start = Start();
        for (int i = 1; i < 8; i++) Assert.Contains($"write {register}[{i}] <- 0x00000000", start);
        Assert.DoesNotContain($"write {register}[0] <- 0x00000000", start);
    }

    // The names of the elements written.
    private static HashSet<string> WrittenByTheDriver() =>
        [.. Start().Select(access => Regex.Match(access, "^write (\\S+) ").Groups[1].Value)];

    // Accesses between the reset and RXCTRL.RXEN, on the model that has all registers.
    private static IReadOnlyList<string> Start()
    {
        var trace = new List<string>();
        using (new DriverBench(DriverBench.Defaults, new() { DeviceId = 0x1563 },
            function => ((SimulatedPciDevice)function).Card.Trace = trace.Add))
        {
        }
        return [.. trace.SkipWhile(access => access != "write CTRL <- 0x04000008")
            .TakeWhile(access => access != "write RXCTRL <- 0x00000001")];
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

            What the previous driver left behind is hostile input. Ixy's driver starts with a reset (CTRL.RST and CTRL.LRST) and
            writes every register that keeps its value through it, or this page says why not. A test generates it from the model's
            `ResetEffects` and a trace of the driver's start
            (`{Command}`).

            ## Kept by a reset


            """);
        foreach (var (why, pciReset, names) in ResetEffects.Survivors)
        {
            string also = pciReset ? "\n(they also survive a reset of the PCI function)" : "";
            page.Append($"{char.ToUpperInvariant(why[0])}{why[1..]}{also}:\n\n| register | the driver |\n|---|---|\n");
            foreach (string name in names)
                page.Append($"| {name} | {(IsWritten(written, name) ? "writes it" : WhyNot(name))} |\n");
            page.Append('\n');
        }
        page.Append("CTRL_EXT keeps one bit, Extended VLAN (8.2.3.1.3): the driver clears it.\n\n## Cleared by a reset\n\n")
            .Append("The driver writes those with a star anyway, with the value that they have after a reset or that it "
                + "needs.\n\n");
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
