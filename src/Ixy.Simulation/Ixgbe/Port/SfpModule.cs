using System.Buffers.Binary;
using System.Text;

namespace Ixy.Simulation.Ixgbe.Port;

/// <summary>
/// What a 10GBASE-SR/1000BASE-SX module reports on its two-wire interface: the identification page at address 0xA0 and
/// the diagnostics page at 0xA2, laid out as in SFF-8472.
/// </summary>
internal sealed class SfpModule
{
    private const int PageLength = 256;

    internal SfpModule()
    {
        Identification[0] = 3; // SFP or SFP+
        Identification[1] = 4; // by two-wire interface only
        Identification[2] = 7; // LC connector
        Identification[3] = 0x10; // 10GBASE-SR
        Identification[6] = 0x01; // 1000BASE-SX
        Identification[11] = 0x06; // 64B/66B
        Identification[12] = 103; // 10.3 Gb/s
        Identification[13] = 2; // two rates
        Identification[16] = 8; // 80 m of 50/125 fibre
        Identification[17] = 2; // 20 m of 62.5/125
        Identification[19] = 30; // 300 m of OM3
        Text(20, 16, "Intel Corp");
        (Identification[37], Identification[38], Identification[39]) = (0x00, 0x1B, 0x21);
        Text(40, 16, "FTLX8571D3BCV-IT");
        Text(56, 4, "A");
        BinaryPrimitives.WriteUInt16BigEndian(Identification.AsSpan(60), 850); // nanometres
        Identification[63] = Sum(Identification.AsSpan(0, 63));
        Identification[65] = 0x3A; // rate select, TX disable, TX fault, loss of signal
        Text(68, 16, "IXYSIM0001");
        Text(84, 8, "250101");
        Identification[92] = 0x68; // diagnostics, calibrated in the module, average power
        Identification[93] = 0x30; // soft fault and loss; the laser is switched by its pin only
        Identification[94] = 0x05; // SFF-8472 revision 11.0
        Identification[95] = Sum(Identification.AsSpan(64, 31));
        FillDiagnostics();
    }

    /// <summary>Page at address 0xA0.</summary>
    internal byte[] Identification { get; } = new byte[PageLength];

    /// <summary>Page at address 0xA2.</summary>
    internal byte[] Diagnostics { get; } = new byte[PageLength];

    /// <summary>Shows the module's pins in its status byte, and its received light power.</summary>
    internal void Update(bool laserOn, bool light)
    {
        Diagnostics[110] = (byte)((laserOn ? 0 : 0x80) | (light ? 0 : 0x02));
        Value(102, laserOn ? (ushort)5000 : (ushort)0);
        Value(104, light ? (ushort)5000 : (ushort)0);
    }

    private static byte Sum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes) sum += value;
        return sum;
    }

    private void Text(int start, int length, string text) =>
        Encoding.ASCII.GetBytes(text.PadRight(length)).CopyTo(Identification, start);

    private void Value(int offset, ushort value) =>
        BinaryPrimitives.WriteUInt16BigEndian(Diagnostics.AsSpan(offset), value);

    // Alarm and warning limits in the order high alarm, low alarm, high warning, low warning; slopes of 1, because the
    // module is calibrated internally; then the current measurements.
    private void FillDiagnostics()
    {
        ReadOnlySpan<ushort> limits =
        [
            0x4E00, 0xF300, 0x4900, 0xF800, // temperature: 78, -13, 73, -8 degrees in 1/256
            37000, 29000, 36000, 30000, // supply in 100 microvolts
            5900, 2000, 5500, 2300, // laser bias in 2 microamperes
            10000, 1500, 8000, 2000, // sent power in 0.1 microwatt
            12500, 250, 10000, 500, // received power
        ];
        for (int index = 0; index < limits.Length; index++) Value(index * 2, limits[index]);
        foreach (int slope in (ReadOnlySpan<int>)[76, 80, 84, 88]) Value(slope, 0x0100);
        Diagnostics[95] = Sum(Diagnostics.AsSpan(0, 95));
        Value(96, 0x2300); // 35 degrees
        Value(98, 33000); // 3.3 V
        Value(100, 3000); // 6 mA
        Update(laserOn: true, light: true);
    }
}
