using Ixy.Simulation;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Ixgbe.Registers;
using Ixy.Vfio;

namespace Ixy.Tests;

/// <summary>Fills a card's registers as a driver gone mad might have left them.</summary>
internal static class Leftovers
{
    /// <summary>
    /// Writes every element of every writable register, in the table's order, as software does it. Not EEWR: it writes
    /// the EEPROM, which a driver cannot repair.
    /// </summary>
    /// <returns>The number of registers written, counting every array element.</returns>
    internal static int Fill(PciDevice function, Func<uint> next)
    {
        function.EnableBusMaster();
        var registers = function.OpenBar(0);
        int count = 0;
        var card = (IxgbeCard)((SimulatedPciDevice)function).Card;
        foreach (var register in CardRegisters.Of(card.Options).Where(IsWritable))
        {
            for (int index = 0; index < register.Count; index++, count++) registers.Write32(register[index], next());
        }
        return count;
    }

    /// <summary>All ones, all zeroes, or pseudo-random values from a seed.</summary>
    internal static Func<uint> Pattern(string name)
    {
        if (name == "ones") return () => uint.MaxValue;
        if (name == "zeroes") return () => 0;
        var random = new Random(int.Parse(name, System.Globalization.CultureInfo.InvariantCulture));
        return () => (uint)random.NextInt64(1L << 32);
    }

    private static bool IsWritable(Register register) =>
        register.Access is RegisterAccess.ReadWrite or RegisterAccess.WriteOnly or RegisterAccess.ReadClearWriteOneClear
        && register != CardRegisters.EEWR;
}
