using Ixy.Ixgbe;

namespace Ixy.Simulation.Tests.Ixgbe.Registers;

public sealed class RegisterFileTests
{
    [Fact]
    public void ARegisterIsSeenAtItsAlias()
    {
        using var bench = new CardBench();
        bench.Write(0x05818, 0x0001_0001); // MRQC where 82598 software accesses it
        Assert.Equal(0x0001_0001u, bench.Read(0x0EC80)); // and where the 82599 datasheet lists it first (8.2.3.7.12)
        Assert.Equal(IxgbeFeatureRegisters.MRQC, bench.Card.Registers.Find(0x0EC80, out _));
    }
}
