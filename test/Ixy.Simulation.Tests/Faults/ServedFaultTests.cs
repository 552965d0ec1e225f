namespace Ixy.Simulation.Tests.Faults;

/// <summary>
/// Each fault on each card that can have it, behind a vfio-user server: what is reported, and that the device goes on
/// or a new one does, and that everything is back afterwards (docs/faults.md).
/// </summary>
[Collection(nameof(Alone))]
public sealed class ServedFaultTests
{
    public static TheoryData<string, string> Faults
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var fault in CardFault.All)
            {
                foreach (string card in fault.Cards) data.Add(fault.Name, card);
            }
            CardFault[] ofRings = [CardFault.TransmitHang, CardFault.DmaRefused, CardFault.BadLength, CardFault.BadId];
            foreach (var fault in ofRings) data.Add(fault.Name, "virtio,packed=on");
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void AFaultBehindAServerIsReportedAndGotOver(string fault, string card)
    {
        using var bench = new ServedBench(card, interrupts: fault == CardFault.LostInterrupt.Name,
            toFile: fault == CardFault.DiskFull.Name,
            timeout: fault == CardFault.ServerStalls.Name ? TimeSpan.FromSeconds(1) : null);
        ExpectedFaults.All[fault](bench);
        bench.End();
    }

    [Fact]
    public void NothingIsExpectedThatThereIsNot() =>
        Assert.Equal(CardFault.All.Select(fault => fault.Name).Order(), ExpectedFaults.All.Keys.Order());
}
