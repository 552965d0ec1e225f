namespace Ixy.Simulation.Tests.Faults;

/// <summary>
/// The same through the sysfs transport: each fault that can show there on each card, to which a file system of this
/// process leads where the kernel has registers.
/// </summary>
[Collection(nameof(Alone))]
public sealed class SysfsFaultTests
{
    public static TheoryData<string, string> Faults
    {
        get
        {
            // It has neither interrupts nor notices of the host, and the rest are not the card's.
            CardFault[] elsewhere = [CardFault.LostInterrupt, CardFault.Unplug, CardFault.BusError,
                CardFault.ServerStalls, CardFault.ServerDies, CardFault.DiskFull];
            var data = new TheoryData<string, string>();
            foreach (var fault in CardFault.All.Except(elsewhere))
            {
                foreach (string card in fault.Cards) data.Add(fault.Name, card);
            }
            return data;
        }
    }

    [SkippableTheory]
    [Trait("needs", "root")]
    [MemberData(nameof(Faults))]
    public void AFaultBehindSysfsIsReportedAndGotOver(string fault, string card)
    {
        FuseFiles.Require();
        using var pages = AllHugePages.Require(8);
        using var bench = new SysfsBench(card);
        ExpectedFaults.All[fault](bench);
        bench.End();
    }
}
