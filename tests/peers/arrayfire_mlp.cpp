// Times a plain loop on ArrayFire, as one would write it by hand, for the lecture's network (784-300-100-10, ELU, softmax,
// Adam) on random pictures of Fashion-MNIST's size; one JSON line. Kiln's figure is that of
// `cargo run --release -p kiln --features arrayfire --example step_time`, with KILN_DEVICE=cpu.
//
//   g++ -O2 -std=c++17 arrayfire_mlp.cpp -I/opt/arrayfire/include -L/opt/arrayfire/lib -Wl,-rpath,/opt/arrayfire/lib -lafcpu
//   ./a.out BATCH STEPS
#include <arrayfire.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

using af::array;

struct Weight {
    array value, mean, square;
    explicit Weight(const array& start)
        : value(start), mean(af::constant(0, start.dims())), square(af::constant(0, start.dims())) {}
};

static array elu(const array& x) { return af::max(x, 0.0) + af::expm1(af::min(x, 0.0)); }
static array elu_slope(const array& y) { return af::min(y, 0.0) + 1.0; }

int main(int count, char** arguments) {
    const int batch = count > 1 ? std::atoi(arguments[1]) : 32;
    const int steps = count > 2 ? std::atoi(arguments[2]) : 400;
    const int samples = 60000, sizes[] = {784, 300, 100, 10};
    af::setSeed(1);
    // One picture a column; bytes, as the data set has them.
    array pictures = (af::randu(784, samples) * 255).as(u8);
    array labels = (af::randu(samples) * 9.99).as(s32);
    std::vector<Weight> weights;
    for (int layer = 0; layer < 3; layer++) {
        const int in = sizes[layer], out = sizes[layer + 1];
        weights.emplace_back(af::randn(out, in) * std::sqrt(2.0 / in));
        weights.emplace_back(af::constant(0, out));
    }
    for (auto& weight : weights) af::eval(weight.value, weight.mean, weight.square);
    array classes = af::range(af::dim4(10), 0, f32);
    array total = af::constant(0, 1), hits = af::constant(0, 1);
    double best = 1e9;
    int number = 0;
    for (int round = 0; round < 5; round++) {
        af::sync();
        const auto start = std::chrono::steady_clock::now();
        for (int step = 0; step < steps; step++) {
            array rows = (af::randu(batch) * (samples - 1)).as(s32);
            array x = af::lookup(pictures, rows, 1).as(f32) / 255.0f;
            array y = af::lookup(labels, rows, 0).as(f32);
            array a1 = elu(af::matmul(weights[0].value, x) + af::tile(weights[1].value, 1, batch));
            array a2 = elu(af::matmul(weights[2].value, a1) + af::tile(weights[3].value, 1, batch));
            array z = af::matmul(weights[4].value, a2) + af::tile(weights[5].value, 1, batch);
            array e = af::exp(z - af::tile(af::max(z, 0), 10));
            array p = e / af::tile(af::sum(e, 0), 10);
            array hot = (af::tile(classes, 1, batch) == af::tile(af::moddims(y, 1, batch), 10)).as(f32);
            total += af::sum(-af::log(af::max(af::sum(p * hot, 0), 1e-7)), 1);
            array best_value, best_place;
            af::max(best_value, best_place, p, 0);
            hits += af::sum((af::flat(best_place).as(f32) == y).as(f32), 0);
            array g3 = (p - hot) / batch;
            array g2 = af::matmulTN(weights[4].value, g3) * elu_slope(a2);
            array g1 = af::matmulTN(weights[2].value, g2) * elu_slope(a1);
            array gradients[] = {af::matmulNT(g1, x), af::sum(g1, 1), af::matmulNT(g2, a1), af::sum(g2, 1),
                                 af::matmulNT(g3, a2), af::sum(g3, 1)};
            number++;
            const double alpha = 0.001 * std::sqrt(1 - std::pow(0.999, number)) / (1 - std::pow(0.9, number));
            for (int index = 0; index < 6; index++) {
                Weight& w = weights[index];
                const array& g = gradients[index];
                w.mean = w.mean + (g - w.mean) * 0.1f;
                w.square = w.square + (g * g - w.square) * 0.001f;
                w.value = w.value - w.mean * (float)alpha / (af::sqrt(w.square) + 1e-7f);
                af::eval(w.value, w.mean, w.square);
            }
            af::eval(total, hits);
        }
        af::sync();
        const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
        best = std::min(best, time.count() / steps);
    }
    std::printf("{\"framework\": \"arrayfire-loop\", \"batch\": %d, \"ms_per_step\": %.4f, \"loss\": %.3f}\n", batch, best,
                total.scalar<float>() / (5.0 * steps * batch));
}
